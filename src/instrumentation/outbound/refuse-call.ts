import type { Scope } from '../../context/scope/scope.js';
import type { EndReason } from '../../errors.js';
import { record } from '../../events.js';
import { now } from '../../time/clock.js';
import { hasObservedCancel } from './observed-cancel.js';
import type { OutboundTransport } from './outbound-call.js';

/**
 * Refuses a call that is about to start under a scope that has ended, and counts it as rejected. Returns the reason that
 * the call has to fail with at once; `undefined` when the call may start. In observe mode every call may start.
 *
 * @param scope `undefined`: no scope binds the call
 * @param instant now, on the clock of `now()`
 */
export function refuseCall(
  scope: Scope | undefined,
  transport: OutboundTransport['name'],
  enforce: boolean,
  instant: number = now(),
): EndReason | undefined {
  if (scope === undefined) return undefined;
  const reason = scope.ended(instant)?.reason;
  if (reason !== undefined || (!enforce && hasObservedCancel(scope)))
    record({ type: 'rejected', side: 'client', transport });
  return enforce ? reason : undefined;
}
