import { LINGER, type Scope } from '../../context/scope/scope.js';
import { type Alarm, UNSET } from '../../time/alarms.js';
import { now } from '../../time/clock.js';

/** Completes a scope when it has lingered long enough after its end. For observe mode, where nothing else completes such a scope. */
export class LingerAlarm implements Alarm {
  slot = UNSET;
  readonly due = now() + LINGER;

  constructor(private readonly scope: Scope) {}

  ring(): void {
    this.scope.completeAnswered();
  }

  clearIfUnreachable(): void {
    // The scope is reachable from here.
  }
}
