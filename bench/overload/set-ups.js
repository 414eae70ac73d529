/**
 * The server options of each set-up of a service. `stock` is OpenTelemetry without this package.
 *
 * @type {Record<string, import('opentelemetry-propagator-deadline/instrumentation').ServerOptions | undefined>}
 */
export const SET_UPS = { stock: undefined, ours: { admission: false }, admission: { admission: true } };

/** What is compared with `stock` unless the command line names another set-up. */
export const COMPARED = 'admission';
