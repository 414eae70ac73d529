import { propagation } from '@opentelemetry/api';
import { untrustedFields } from '../../../src/instrumentation/inbound/untrusted-fields.js';
import { createPropagator, type PropagatorOptions } from '../../../src/propagation/create-propagator.js';
import { connectTimeoutMs } from '../../../src/wire/formats/connect-timeout-ms.js';
import { xDeadline } from '../../../src/wire/formats/x-deadline.js';

function register(options?: PropagatorOptions): void {
  propagation.disable();
  propagation.setGlobalPropagator(createPropagator(options));
}
afterEach(() => propagation.disable());

test('the fields are those of the propagator that is registered now', () => {
  const always = ['timebudget', 'baggage'];
  expect([...untrustedFields()]).toEqual(always);
  register({ deadline: { inject: [connectTimeoutMs], extract: [xDeadline] } });
  const others = [...always, connectTimeoutMs.field, xDeadline.field];
  expect([...untrustedFields()]).toEqual(others);
  expect([...untrustedFields()]).toEqual(others);
  register();
  expect([...untrustedFields()]).toEqual(always);
  propagation.disable();
  expect([...untrustedFields()]).toEqual(always);
});
