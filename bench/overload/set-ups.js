import { DeadlineInstrumentation } from 'opentelemetry-propagator-deadline/instrumentation';

/**
 * The server options of each set-up of a service. `stock` is OpenTelemetry without this package.
 *
 * @type {Record<string, import('opentelemetry-propagator-deadline/instrumentation').ServerOptions | undefined>}
 */
export const SET_UPS = hasAdmission()
  ? { stock: undefined, ours: { admission: false }, admission: { admission: true } }
  : { stock: undefined, ours: {} };

/** What is compared with `stock` unless the command line names another set-up. */
export const COMPARED = 'admission' in SET_UPS ? 'admission' : 'ours';

function hasAdmission() {
  try {
    new DeadlineInstrumentation({ enabled: false, server: { admission: true } });
    return true;
  } catch {
    return false;
  }
}
