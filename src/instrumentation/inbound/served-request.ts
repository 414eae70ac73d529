import { types } from 'node:util';
import { type Context, context as contextApi, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { getScope, parentScope, setScope } from '../../context/context-scope.js';
import { Deadline } from '../../context/deadline.js';
import { type Handler, Scope } from '../../context/scope/scope.js';
import { type EndReason, isDeadlineExceeded } from '../../errors.js';
import { measureBudget, record, type Transport } from '../../events.js';
import type { Inbound } from '../../propagation/inbound.js';
import { clearAlarm, setAlarm } from '../../time/alarms.js';
import type { InboundCall, InboundRequest } from '../options.js';
import { observeCancel } from '../outbound/observed-cancel.js';
import type { Settings } from '../settings.js';
import { LingerAlarm } from './linger-alarm.js';

/**
 * A request of any transport, from its arrival to the end of its work. Every hidden key of ours on a request leads here.
 *
 * `enter` makes the context for the handler, `begin` decides whether the handler runs, `end` completes or cancels the
 * scope.
 */
export abstract class ServedRequest implements Inbound, Handler {
  /** Whether the request is left alone, waits for the application, or has been given to it. */
  stage: 'ignored' | 'arrived' | 'served' = 'arrived';
  readonly trusted: boolean;
  abstract readonly transport: Transport;
  private opened: Scope | undefined = undefined;
  /** The promises that the handlers have returned. */
  private promises: Promise<unknown>[] | undefined = undefined;
  private lingerAlarm: LingerAlarm | undefined = undefined;
  /** Whether a handler has returned no promise. */
  private hasSilentHandler = false;
  /** How many promises of handlers were pending when the scope had ended, and still are. */
  private pending = 0;
  /** Whether the time was up when the request arrived. */
  private late = false;
  /** The context that was active when the request arrived, before any extraction. */
  private readonly arrivedIn = contextApi.active();

  constructor(
    protected readonly request: InboundRequest | InboundCall,
    readonly settings: Settings,
  ) {
    this.trusted = settings.server.trust(request);
  }

  /** The scope; `undefined` before it has been opened. */
  get scope(): Scope | undefined {
    return this.opened;
  }

  openScope(budget: number | undefined, parent?: Scope): Scope {
    const trusted = this.trusted ? budget : undefined;
    if (this.opened === undefined) {
      this.opened = new Scope(parent, this.deadlineFor(trusted), 'owned');
      this.opened.handler = this;
    } else if (trusted !== undefined) {
      // A second propagator of ours, which reads other formats.
      this.opened.narrow(Deadline.fromCaller(trusted));
    }
    return this.opened;
  }

  /** Leaves the request alone: each extraction from it finds a scope that binds nothing. */
  ignore(): void {
    this.stage = 'ignored';
    this.opened = new Scope(undefined, undefined, 'owned');
    this.opened.complete();
  }

  /**
   * The context for the handler: it holds all that the request's fields hold, whether another instrumentation has
   * extracted them or this does.
   */
  enter(active: Context): Context {
    this.stage = 'served';
    // Another instrumentation has extracted with our propagator.
    if (this.trusted && this.opened !== undefined && getScope(active) === this.opened) return active;
    // The context on arrival is the one in which the server was started, which may have been inside a span.
    const traced = trace.getSpan(active) !== trace.getSpan(this.arrivedIn);
    const base = active === this.arrivedIn ? ROOT_CONTEXT : active;
    const extracted = traced ? active : this.extract(base);
    // The wrapper that began the span may have extracted from a copy of the fields. No deadline is taken from a copy.
    if (traced && this.trusted && this.opened === undefined) this.extract(active);
    const trusted = this.trusted ? extracted : propagation.deleteBaggage(extracted);
    // Another copy of this package, which does not see our attachment, may have extracted: its scope binds as well.
    const scope = this.openScope(undefined, this.trusted ? parentScope(extracted) : undefined);
    const context = getScope(trusted) === scope ? trusted : setScope(trusted, scope);
    if (context !== active) this.bindEvents(context);
    return context;
  }

  /** Counts the request. Returns the reason for which its handler must not run: its time was up on arrival. */
  begin(): EndReason | undefined {
    const { scope, transport } = this;
    if (scope?.deadline?.inherited) measureBudget('received', scope.deadline, transport);
    const reason = scope?.ended()?.reason;
    if (reason === undefined) return undefined;
    this.late = true;
    record({ type: 'rejected', side: 'server', transport });
    return this.settings.enforce ? reason : undefined;
  }

  /**
   * The transport is done with the request: completes its scope when it was answered, cancels it otherwise. Once only.
   *
   * @param answered whether the handler has given the whole answer
   * @param early by how many ms the transport may end a request before our own clock says that the time is up
   */
  end(answered: boolean, early = 0): void {
    const { scope, settings, transport, late } = this;
    if (scope === undefined) return;
    // Of a scope that has lingered long enough after its end, and so has completed, as well.
    const deadline = scope.effectiveDeadline() ?? scope.deadline;
    const reason = scope.outcome()?.reason;
    const soon = deadline !== undefined && deadline.remaining() <= early;
    const exceeded = reason === undefined ? soon && !answered : isDeadlineExceeded(reason);
    const cancelled = !exceeded && !answered && settings.server.cancelOnDisconnect(this.request);
    // A request that was late has been counted as rejected.
    if (scope.deadline !== undefined && !late) measureBudget('served', scope.deadline, transport);
    if (exceeded && !late) {
      record({ type: 'exceeded', side: 'server', transport, inherited: deadline?.inherited === true });
    }
    if (cancelled) record({ type: 'cancelled', side: 'server', transport });
    if (answered || !(exceeded || cancelled)) {
      scope.completeAnswered();
      return;
    }
    if (settings.enforce) scope.cancel(exceeded ? deadline?.toError() : undefined);
    else this.observeEnd(scope);
    this.awaitSettled();
    this.onAnswered(() => this.completeIfDone());
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
    this.promises ??= [];
    this.promises.push(result);
  }

  /**
   * Waits for the promises of the handlers, after the end of the scope. Returns whether one is pending. In observe mode
   * nothing waits, because a rejection must be seen as unhandled there, as without us.
   */
  awaitSettled(): boolean {
    const { promises, settings } = this;
    if (promises !== undefined && settings.enforce) {
      this.promises = undefined;
      for (const promise of promises) if (!this.isShared(promise)) this.await(promise);
    }
    return this.pending > 0;
  }

  private await(promise: Promise<unknown>): void {
    this.pending++;
    const settled = () => this.settled(false);
    const failed = (error: unknown) => {
      this.handlerFailed(error);
      this.settled(true);
    };
    // Past a `then` of the application's own, which may do anything.
    void Promise.prototype.then.call(promise, settled, failed);
  }

  /**
   * A promise of a handler has settled. A handler whose promise is fulfilled may go on in callbacks, as an async function
   * does that calls a framework, and so may another handler that has returned no promise: then the answer is the end.
   */
  private settled(failed: boolean): void {
    this.pending--;
    if (failed && !this.hasSilentHandler) this.completeIfDone();
    else this.onAnswered(() => this.completeIfDone());
  }

  private completeIfDone(): void {
    if (this.pending > 0) return;
    if (this.lingerAlarm !== undefined) clearAlarm(this.lingerAlarm);
    this.scope?.completeAnswered();
  }

  /** Extracts the request's fields into `base`. */
  protected abstract extract(base: Context): Context;

  /** Runs the listeners for the request's own events in `context`: the connection emits them outside of any request. */
  protected abstract bindEvents(context: Context): void;

  /** Calls `listener` when the handler has finished its answer, at once where it has. */
  protected abstract onAnswered(listener: () => void): void;

  /** Whether other requests wait for `promise` as well: a rejection of it is not for this request to handle. */
  protected isShared(_promise: Promise<unknown>): boolean {
    return false;
  }

  /** A handler's promise was rejected with `error` after the scope had ended. */
  protected abstract handlerFailed(error: unknown): void;

  /** The request's deadline: the caller's `budget`, in ms, or the default one. */
  protected deadlineFor(budget: number | undefined): Deadline | undefined {
    if (budget !== undefined) return Deadline.fromCaller(budget);
    const ms = this.settings.server.defaultBudget(this.request);
    return ms === undefined ? undefined : Deadline.after(ms);
  }
}
