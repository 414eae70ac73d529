import type { Deadline } from '../../context/deadline.js';
import type { Scope } from '../../context/scope/scope.js';
import { isDeadlineExceeded } from '../../errors.js';
import { type Alarm, setAlarm, UNSET } from '../../time/alarms.js';

/** In ms. Before listeners for the abort, which may close the response: `pipeline` does with its signal. */
const AHEAD = 0.001;

/** Answers a request at its deadline, while its handler is still at work. To be cleared when the request has ended. */
export class AnswerAlarm implements Alarm {
  slot = UNSET;
  due: number;

  /** @param answer called once, at the deadline, and not where the scope has ended before in another way */
  constructor(
    private readonly scope: Scope,
    private readonly deadline: Deadline,
    private readonly answer: () => void,
  ) {
    this.due = deadline.due - AHEAD;
  }

  ring(): void {
    const reason = this.scope.ended()?.reason;
    if (reason === undefined) {
      this.due = this.deadline.due;
      setAlarm(this);
    } else if (isDeadlineExceeded(reason)) {
      this.answer();
    }
  }

  clearIfUnreachable(): void {
    // The scope is reachable from here.
  }
}
