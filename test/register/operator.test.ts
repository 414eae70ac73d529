import { diag } from '@opentelemetry/api';
import { operator } from '../../src/register/operator.js';

// Without a logger it is the console: processes.test.ts.
test('where a logger is registered, it is told', () => {
  const [error, warn] = [jest.fn(), jest.fn()];
  diag.setLogger({ error, warn, info() {}, debug() {}, verbose() {} });
  const told = operator(undefined);
  told.error('a mistake');
  told.error('a mistake');
  told.warn('a doubt');
  diag.disable();
  expect(error.mock.calls).toEqual(Array(2).fill(['opentelemetry-propagator-deadline: a mistake']));
  expect(warn.mock.calls).toEqual([['opentelemetry-propagator-deadline: a doubt']]);
});
