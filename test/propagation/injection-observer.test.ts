import { ROOT_CONTEXT } from '@opentelemetry/api';
import { DeadlinePropagator } from '../../src/propagation/deadline-propagator.js';
import { observeInjections } from '../../src/propagation/injection-observer.js';

test('an observer sees the injections of each copy of this package, until it is stopped', () => {
  let Copy = DeadlinePropagator;
  jest.isolateModules(() => {
    Copy = require('../../src/propagation/deadline-propagator.js').DeadlinePropagator;
  });
  expect(Copy).not.toBe(DeadlinePropagator);
  const seen: unknown[] = [];
  const stop = observeInjections((_, carrier) => seen.push(carrier));
  const carriers = [{}, {}, {}];
  new DeadlinePropagator().inject(ROOT_CONTEXT, carriers[0], { set() {} });
  new Copy().inject(ROOT_CONTEXT, carriers[1], { set() {} });
  stop();
  stop();
  new Copy().inject(ROOT_CONTEXT, carriers[2], { set() {} });
  expect(seen).toEqual(carriers.slice(0, 2));
  expect(seen[1]).toBe(carriers[1]);
});
