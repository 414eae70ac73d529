import { type Context, context as contextApi, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { getScope, parentScope, setScope } from '../../context/context-scope.js';
import { Deadline } from '../../context/deadline.js';
import { type Handler, Scope } from '../../context/scope/scope.js';
import type { EndReason } from '../../errors.js';
import { measure, record, type Transport } from '../../events.js';
import type { Inbound } from '../../propagation/inbound.js';
import { clearAlarm, setAlarm } from '../../time/alarms.js';
import { NEVER } from '../../time/clock.js';
import type { InboundCall, InboundRequest } from '../options.js';
import type { Settings } from '../settings.js';
import { AnswerAlarm } from './answer-alarm.js';

/**
 * The arrival of a request of any transport: `openScope` makes its scope, `enter` the context for the handler, and `begin`
 * decides whether the handler runs.
 */
export abstract class ArrivedRequest implements Inbound, Handler {
  /** Whether the request is left alone, waits for the application, or has been given to it. */
  stage: 'ignored' | 'arrived' | 'served' = 'arrived';
  readonly trusted: boolean;
  abstract readonly transport: Transport;
  private opened: Scope | undefined = undefined;
  /** Whether the time was up when the request arrived. */
  protected late = false;
  private answerAlarm: AnswerAlarm | undefined = undefined;
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

  /**
   * Counts the request, and has it answered at its deadline where the application wants that. Returns the reason for which
   * its handler must not run: its time was up on arrival.
   */
  begin(): EndReason | undefined {
    const { scope, transport } = this;
    if (scope?.deadline?.inherited) measure('received', scope.deadline, transport);
    const reason = scope?.ended()?.reason;
    if (reason === undefined) {
      this.answerInTime();
      return undefined;
    }
    this.late = true;
    record({ type: 'rejected', side: 'server', transport });
    return this.settings.enforce ? reason : undefined;
  }

  private answerInTime(): void {
    const { scope, settings, request } = this;
    const { answer } = settings.server;
    if (answer === undefined || !settings.enforce || scope === undefined) return;
    const deadline = scope.effectiveDeadline();
    if (deadline === undefined || deadline.due === NEVER || !answer(request)) return;
    this.answerAlarm = new AnswerAlarm(scope, deadline, () => this.answerAtDeadline());
    setAlarm(this.answerAlarm);
  }

  /** The request has ended: nobody waits for its answer. */
  protected clearAnswerAlarm(): void {
    if (this.answerAlarm !== undefined) clearAlarm(this.answerAlarm);
  }

  /** Answers in place of the handler, which is still at work, if it has not answered yet. Must not throw. */
  protected abstract answerAtDeadline(): void;

  /** Waits for the promises of the handlers, after the end of the scope. Returns whether one is pending. */
  abstract awaitSettled(): boolean;

  /** Extracts the request's fields into `base`. */
  protected abstract extract(base: Context): Context;

  /** Runs the listeners for the request's own events in `context`: the connection emits them outside of any request. */
  protected abstract bindEvents(context: Context): void;

  /** The request's deadline: the caller's `budget`, in ms, or the default one. */
  protected deadlineFor(budget: number | undefined): Deadline | undefined {
    if (budget !== undefined) return Deadline.fromCaller(budget);
    const ms = this.settings.server.defaultBudget(this.request);
    return ms === undefined ? undefined : Deadline.after(ms);
  }
}
