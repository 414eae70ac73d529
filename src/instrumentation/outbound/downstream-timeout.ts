import { record } from '../../events.js';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { OutboundTransport } from './outbound-call.js';

const GATEWAY_TIMEOUT = 504;

/**
 * Counts an answer that says that the time ran out in the service that was called, or further down: 504 with
 * `timebudget: 0`, which a proxy's own 504 does not have.
 *
 * @param fieldOf the response's field of a name, in lower case; asked only for a 504
 */
export function noteAnswer(
  status: number,
  fieldOf: (name: string) => unknown,
  transport: OutboundTransport['name'],
): void {
  if (status !== GATEWAY_TIMEOUT || String(fieldOf(TIMEBUDGET)).trim() !== '0') return;
  record({ type: 'exceeded-downstream', side: 'client', transport });
}
