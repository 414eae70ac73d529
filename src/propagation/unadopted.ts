import { diag } from '@opentelemetry/api';
import { record } from '../events.js';

/** Whether the log has been written to: once is enough, the metric counts the rest. */
let logged = false;

/** Counts a budget that arrived for work that is not served as a call, and names the cure once in each process. */
export function reportUnadopted(): void {
  record({ type: 'unadopted' });
  if (logged) return;
  logged = true;
  diag.info(
    'opentelemetry-propagator-deadline: a budget arrived outside of a served request, for example in a message. ' +
      'It binds nothing. If the sender waits for the result, serve it by withCaller(carrier, fn)',
  );
}
