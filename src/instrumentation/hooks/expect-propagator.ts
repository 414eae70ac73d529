import { setImmediate } from 'node:timers';
import { diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { probeInjection } from '../../propagation/probe-injection.js';

let expected = false;

/**
 * Warns, once in a process, when the registered propagator carries no deadline. Called at each injection and extraction:
 * an SDK registers its propagator after it has enabled the instrumentations, and its resource detectors make calls before
 * that. So the first call of this function begins the check, and the check runs when the code that runs now has ended.
 */
export function expectPropagator(): void {
  if (expected) return;
  expected = true;
  setImmediate(warnWithoutPropagator).unref();
}

/** Turns the check off: the register has warned already of a propagator without deadlines that the operator chose. */
export function expectNoPropagator(): void {
  expected = true;
}

function warnWithoutPropagator(): void {
  if (probeInjection(ROOT_CONTEXT) !== undefined) return;
  diag.warn(
    'no deadline is read from requests or sent with calls, because the registered propagator carries none. Register one ' +
      'that does: new NodeSDK({ textMapPropagator: createPropagator() }), or ' +
      'propagation.setGlobalPropagator(createPropagator())',
  );
}
