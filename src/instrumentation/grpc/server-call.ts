import { type Context, context as contextApi, diag } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import type { Scope } from '../../context/scope/scope.js';
import { attachInbound } from '../../propagation/inbound.js';
import { extract } from '../hooks/safe-propagation.js';
import type { Refusal } from '../inbound/admission/arrival.js';
import { ServedRequest } from '../inbound/served-request.js';
import { bindToRequest, runForRequest } from '../lost-context/lost-contexts.js';
import type { Settings } from '../settings.js';
import { GrpcAnswer } from './answer.js';
import { METADATA_GETTER, removeUntrusted } from './stamp.js';
import { EARLY } from './status.js';
import type { GrpcHandler, SendAnswer, ServerCall } from './surface.js';

/** A gRPC call that this process serves, of any of the four kinds, from its arrival on. */
export class GrpcServedCall extends ServedRequest {
  readonly transport = 'grpc';
  private answer: GrpcAnswer | undefined = undefined;

  private constructor(
    private readonly call: ServerCall,
    settings: Settings,
  ) {
    super(call, settings);
  }

  /** Attaches a new one to the metadata of `call`, so that each extraction from it finds its scope. */
  static attach(call: ServerCall, settings: Settings): GrpcServedCall {
    const served = new GrpcServedCall(call, settings);
    if (settings.server.ignore(call)) served.ignore();
    else if (!served.trusted) removeUntrusted(call.metadata);
    attachInbound(call.metadata, served);
    return served;
  }

  /** gRPC has a deadline of its own, which clients in other languages send alone: the earlier one counts. */
  override openScope(budget: number | undefined, parent?: Scope): Scope {
    return this.scope ?? super.openScope(this.earlierBudget(budget), parent);
  }

  /** Runs the handler in the context of the call, or answers itself when the call arrived too late. */
  serve(handler: GrpcHandler, self: unknown, send?: SendAnswer): unknown {
    const { call, settings } = this;
    const active = contextApi.active();
    // Another instrumentation was configured to ignore this call.
    if (isTracingSuppressed(active)) return handler.call(self, call, send);
    const context = this.enter(active);
    const scope = this.openScope(undefined);
    const answer = new GrpcAnswer(call, send, scope, settings);
    this.answer = answer;
    const refused = this.begin();
    // grpc-js emits 'cancelled' at the end of every call, whatever its end was.
    call.once('cancelled', () => this.end(answer.finished && !this.mayAnswerReset(), EARLY));
    if (refused !== undefined) return answer.reject(refused);
    bindToRequest(scope, call);
    const run = () => runForRequest(scope, () => contextApi.with(context, () => answer.from(handler, self)));
    return this.admit(() => {
      const result = run();
      this.track(result);
      return result;
    });
  }

  /** The calls of a connection are independent of each other. */
  get connection(): undefined {
    return undefined;
  }

  protected override get isAnswered(): boolean {
    return this.answer?.finished === true || this.call.cancelled;
  }

  protected override answerAtDeadline(): void {
    const reason = this.scope?.ended()?.reason;
    try {
      if (reason !== undefined) this.answer?.answerAtDeadline(reason);
    } catch (error) {
      diag.error('a call got no answer at its deadline', error);
    }
  }

  protected override answerRefusal(refusal: Refusal): void {
    const reason = this.scope?.ended()?.reason ?? this.scope?.effectiveDeadline()?.toError();
    if (refusal === 'time' && reason !== undefined) this.answer?.reject(reason);
    else this.answer?.rejectOverload();
  }

  protected override handlerThrew(error: unknown): void {
    this.answer?.threw(error);
  }

  protected override extract(base: Context): Context {
    return extract(base, this.call.metadata, METADATA_GETTER);
  }

  protected override bindEvents(context: Context): void {
    contextApi.bind(context, this.call);
  }

  override onAnswered(listener: () => void): void {
    this.answer?.onFinished(listener);
  }

  override handlerFailed(): void {
    // GrpcAnswer has answered.
  }

  /**
   * Whether the handler may have answered the reset by which the client ended the call at its deadline. A handler that
   * answers at the end of the client's messages can't tell the two apart, and the client's clock may be a little early.
   */
  private mayAnswerReset(): boolean {
    const streamsRequests = typeof (this.call as { read?: unknown }).read === 'function';
    return streamsRequests && Number(this.scope?.effectiveDeadline()?.remaining()) <= EARLY;
  }

  private earlierBudget(budget = Number.POSITIVE_INFINITY): number | undefined {
    const left = Math.min(budget, Math.max(Number(this.call.getDeadline()) - Date.now(), 0));
    return left === Number.POSITIVE_INFINITY ? undefined : left;
  }
}
