import { types } from 'node:util';
import type { Scope } from '../../context/scope/scope.js';
import { isDeadlineExceeded } from '../../errors.js';
import { measure, record } from '../../events.js';
import { clearAlarm, setAlarm } from '../../time/alarms.js';
import { now } from '../../time/clock.js';
import { observeCancel } from '../outbound/observed-cancel.js';
import { admission } from './admission/admission.js';
import type { Refusal } from './admission/arrival.js';
import { type Admittable, QueuedRequest } from './admission/queued-request.js';
import { ArrivedRequest } from './arrived-request.js';
import { HandlerPromises, type Worker } from './handler-promises.js';
import { LingerAlarm } from './linger-alarm.js';

/**
 * A request of any transport, from its arrival to the end of its work. Every hidden key of ours on a request leads here.
 * `end` completes or cancels the scope. Of a request that ended without its answer, the scope completes when the handlers
 * are done: `track` gets what they returned.
 */
export abstract class ServedRequest extends ArrivedRequest implements Admittable, Worker {
  /** The promises that the handlers have returned, if any. */
  private promises: HandlerPromises | undefined = undefined;
  /** Whether a handler has returned no promise. */
  hasSilentHandler = false;
  private lingerAlarm: LingerAlarm | undefined = undefined;
  /** When the handler began, on the clock of `now()`; `undefined` before, and when it has finished. */
  private began: number | undefined = undefined;

  /**
   * Calls `run`, which runs the handler: at once, or when its turn comes, or never, where the request is refused. Returns
   * what `run` has returned, `undefined` if it was not called at once.
   */
  admit<T>(run: () => T): T | undefined {
    const { settings, transport } = this;
    if (!settings.server.admission) return run();
    const instant = now();
    if (admission.hasTime(instant)) return this.runHandler(run, instant);
    // Its caller may go while it waits, and Node would drop what that caller has sent.
    if (!settings.server.cancelOnDisconnect(this.request)) return this.runHandler(run, instant);
    record({ type: 'delayed', transport });
    if (!settings.enforce) return this.runHandler(run, instant);
    admission.enqueue(new QueuedRequest(this, run, instant));
    return undefined;
  }

  private runHandler<T>(run: () => T, instant: number): T {
    this.began = instant;
    admission.begin(instant);
    const result = run();
    if (this.isAnswered) this.handlerFinished();
    return result;
  }

  runQueued(run: () => unknown): void {
    try {
      this.runHandler(run, now());
    } catch (error) {
      this.handlerThrew(error);
    }
  }

  /** The request has waited for its turn, and its handler will not run. */
  refuse(refusal: Refusal): void {
    const { scope, transport } = this;
    // The caller has hung up, which has been counted.
    if (this.isAnswered) {
      scope?.completeAnswered();
      return;
    }
    // The close of its connection follows, and counts it.
    if (this.isAbandoned) return;
    this.late = true;
    record({ type: 'refused', transport, reason: refusal });
    this.answerRefusal(refusal);
  }

  private handlerFinished(): void {
    if (this.began === undefined) return;
    admission.finish(this.began);
    this.began = undefined;
  }

  /**
   * The transport is done with the request: completes its scope when it was answered, cancels it otherwise. Once only.
   *
   * @param answered whether the handler has given the whole answer
   * @param early by how many ms the transport may end a request before our own clock says that the time is up
   */
  end(answered: boolean, early = 0): void {
    const { scope, settings, transport, late } = this;
    this.clearAnswerAlarm();
    if (scope === undefined) return;
    // Of a scope that has lingered long enough after its end, and so has completed, as well.
    const deadline = scope.effectiveDeadline() ?? scope.deadline;
    const reason = scope.outcome()?.reason;
    const soon = deadline !== undefined && deadline.remaining() <= early;
    const exceeded = reason === undefined ? soon && !answered : isDeadlineExceeded(reason);
    const cancelled = !exceeded && !answered && settings.server.cancelOnDisconnect(this.request);
    // A request that was late has been counted as rejected.
    if (scope.deadline !== undefined && !late) measure('served', scope.deadline, transport);
    if (exceeded && !late) {
      record({ type: 'exceeded', side: 'server', transport, inherited: deadline?.inherited === true });
    }
    if (cancelled) record({ type: 'cancelled', side: 'server', transport });
    if (answered || !(exceeded || cancelled)) {
      this.handlerFinished();
      scope.completeAnswered();
      return;
    }
    if (settings.enforce) scope.cancel(exceeded ? deadline?.toError() : undefined);
    else this.observeEnd(scope);
    // A handler that returned no promise may go on as well, but nothing tells for how long.
    if (!this.awaitSettled()) this.handlerFinished();
    if (this.promises === undefined) this.onAnswered(() => this.workDone());
    else this.promises.awaitEnd();
  }

  /** Observe mode: nothing else completes a scope whose handler never answers, and its alarm would keep the request alive. */
  private observeEnd(scope: Scope): void {
    observeCancel(scope);
    this.lingerAlarm = new LingerAlarm(scope);
    setAlarm(this.lingerAlarm);
  }

  /** A handler has returned `result`. Until a promise settles, the handler is at work. */
  track(result: unknown): void {
    if (!types.isPromise(result)) {
      this.hasSilentHandler = true;
      return;
    }
    this.promises ??= new HandlerPromises(this);
    this.promises.add(result);
  }

  /** A promise of a handler was rejected, and Node has been told that this is handled. */
  rejected(promise: Promise<unknown>): void {
    this.promises?.rejected(promise);
  }

  /** In observe mode nothing waits, because a rejection must be seen as unhandled there, as without us. */
  override awaitSettled(): boolean {
    return this.settings.enforce && this.promises?.awaitSettled() === true;
  }

  workDone(): void {
    if (this.lingerAlarm !== undefined) clearAlarm(this.lingerAlarm);
    this.handlerFinished();
    this.scope?.completeAnswered();
  }

  /** See {@link Admittable}. */
  abstract readonly connection: object | undefined;

  get isAbandoned(): boolean {
    return false;
  }

  /** Whether the answer is complete, or can't be given any more. */
  protected abstract readonly isAnswered: boolean;

  /** A handler that has waited for its turn has thrown `error`, which the server's own code does not see. */
  protected handlerThrew(error: unknown): void {
    throw error;
  }

  /** Answers in place of a handler that does not run. */
  protected abstract answerRefusal(refusal: Refusal): void;

  /** Calls `listener` when the handler has finished its answer, at once where it has. */
  abstract onAnswered(listener: () => void): void;

  /** Whether other requests wait for `promise` as well: a rejection of it is not for this request to handle. */
  isShared(_promise: Promise<unknown>): boolean {
    return false;
  }

  /** A handler's promise was rejected with `error` after the scope had ended. */
  abstract handlerFailed(error: unknown): void;
}
