import { setImmediate } from 'node:timers';
import type { Metadata } from '@grpc/grpc-js';
import { type Alarm, setAlarm, UNSET } from '../../time/alarms.js';
import { now } from '../../time/clock.js';
import type { Status } from './callers-context.js';
import { DEADLINE_EXCEEDED } from './status.js';

// Two faults of the deadline that grpc-js keeps for a call.

/**
 * Calls `deliver` at `due`, an instant on the clock of `now()`.
 *
 * WORKAROUND @grpc/grpc-js >=1.10: a call ends up to 5 ms before its deadline, because grpc-js keeps the deadline in whole
 * milliseconds of the wall clock and uses a timer of Node, which may be 1 ms early (no issue known); remove when a status
 * DEADLINE_EXCEEDED never comes before the deadline.
 */
export function deliverWhenDue(due: number, deliver: () => void): void {
  if (due <= now()) deliver();
  else setAlarm(new HeldStatus(due, deliver));
}

class HeldStatus implements Alarm {
  slot = UNSET;

  constructor(
    readonly due: number,
    readonly ring: () => void,
  ) {}

  clearIfUnreachable(): void {
    // The application waits for the status.
  }
}

/**
 * Reports the end of a call whose deadline, an instant on the wall clock, has passed before the call started.
 *
 * WORKAROUND @grpc/grpc-js >=1.10: such a call never reports a status, for example when an interceptor has delayed its start
 * (no issue known); remove when `start` reports DEADLINE_EXCEEDED then.
 */
export function reportSilentEnd(expiry: number, metadata: Metadata, report: (status: Status) => void): void {
  if (expiry > Date.now()) return;
  const MetadataClass = metadata.constructor as new () => Metadata;
  setImmediate(report, {
    code: DEADLINE_EXCEEDED,
    details: 'Deadline exceeded before the call started',
    metadata: new MetadataClass(),
  });
}
