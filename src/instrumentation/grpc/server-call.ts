import { type Context, context as contextApi, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { getScope, parentScope, setScope } from '../../context/context-scope.js';
import type { Scope } from '../../context/scope/scope.js';
import { isDeadlineExceeded } from '../../errors.js';
import { measureBudget, record } from '../../events.js';
import { attachInbound, Inbound } from '../../propagation/inbound.js';
import { extract } from '../hooks/safe-propagation.js';
import { bindToRequest, runForRequest } from '../lost-context/lost-contexts.js';
import { abandon } from '../outbound/outbound-call.js';
import type { Settings } from '../settings.js';
import { GrpcAnswer } from './answer.js';
import { METADATA_GETTER, removeUntrusted } from './stamp.js';
import { EARLY } from './status.js';
import type { GrpcHandler, SendAnswer, ServerCall } from './surface.js';

/** gRPC has a deadline of its own, which other languages' clients send alone: the earlier one counts. */
class GrpcInbound extends Inbound {
  constructor(
    private readonly call: ServerCall,
    { server }: Settings,
  ) {
    super(server.trust(call), server.defaultBudget(call));
  }

  override bind(budget: number | undefined, parent?: Scope): Scope {
    return this.scope ?? super.bind(this.smaller(budget), parent);
  }

  private smaller(budget = Number.POSITIVE_INFINITY): number | undefined {
    const left = Math.min(budget, Math.max(Number(this.call.getDeadline()) - Date.now(), 0));
    return left === Number.POSITIVE_INFINITY ? undefined : left;
  }
}

/** A call that we serve, from its arrival to its end. */
export class GrpcServerCall {
  /** The context in which it arrived, before anybody could extract. */
  private readonly arrivedIn = contextApi.active();
  private readonly inbound: Inbound;

  /** Attaches to the metadata what whoever extracts from it has to know. */
  constructor(
    private readonly call: ServerCall,
    private readonly settings: Settings,
  ) {
    this.inbound = new GrpcInbound(call, settings);
    if (!this.inbound.trusted) removeUntrusted(call.metadata);
    attachInbound(call.metadata, this.inbound);
  }

  /** Runs the handler in the context of the call, or answers itself when the call arrived too late. */
  serve(handler: GrpcHandler, self: unknown, send?: SendAnswer): unknown {
    const { call, settings } = this;
    const active = contextApi.active();
    // Another instrumentation was told to ignore this call.
    if (isTracingSuppressed(active)) return handler.call(self, call, send);
    const context = this.contextFor(active);
    const scope = this.inbound.bind(undefined);
    const answer = new GrpcAnswer(call, send, scope, settings);
    if (scope.deadline?.inherited) measureBudget('received', scope.deadline, 'grpc');
    const ending = scope.ended();
    // Comes at the end of every call, whatever its end was.
    call.once('cancelled', () => this.end(scope, answer, ending !== undefined));
    if (ending !== undefined) {
      record({ type: 'rejected', side: 'server', transport: 'grpc' });
      if (settings.enforce) return answer.reject(ending.reason);
    }
    bindToRequest(scope, call);
    return runForRequest(scope, () => contextApi.with(context, () => answer.from(handler, self)));
  }

  /** The context for the handler: with all that the metadata holds, which somebody else may have extracted already. */
  private contextFor(active: Context): Context {
    const { arrivedIn, call, inbound } = this;
    // What was active on arrival is where the server was started, which may have been inside a span.
    const traced = trace.getSpan(active) !== trace.getSpan(arrivedIn);
    const base = active === arrivedIn ? ROOT_CONTEXT : active;
    const extracted = traced ? active : extract(base, call.metadata, METADATA_GETTER);
    const trusted = inbound.trusted ? extracted : propagation.deleteBaggage(extracted);
    // Another copy of this package, which knows nothing of ours, may have extracted: its scope binds as well.
    const scope = inbound.bind(undefined, inbound.trusted ? parentScope(extracted) : undefined);
    const context = getScope(trusted) === scope ? trusted : setScope(trusted, scope);
    if (context !== active) contextApi.bind(context, call);
    return context;
  }

  private end(scope: Scope, { finished }: GrpcAnswer, rejected: boolean): void {
    const { call, settings } = this;
    const reason = scope.ended()?.reason;
    const deadline = scope.effectiveDeadline();
    // grpc-js ends a call by itself at the deadline of gRPC, and so may the client, a little before ours.
    const soon = deadline !== undefined && deadline.remaining() <= EARLY;
    const exceeded = reason === undefined ? soon && !finished : isDeadlineExceeded(reason);
    const cancelled = !exceeded && !finished && settings.server.cancelOnDisconnect(call);
    if (scope.deadline !== undefined && !rejected) measureBudget('served', scope.deadline, 'grpc');
    if (exceeded && !rejected) {
      record({ type: 'exceeded', side: 'server', transport: 'grpc', inherited: deadline?.inherited === true });
    }
    if (cancelled) record({ type: 'cancelled', side: 'server', transport: 'grpc' });
    if (settings.enforce && !finished && (exceeded || cancelled))
      scope.cancel(exceeded ? deadline?.toError() : undefined);
    else if (cancelled) abandon(scope);
    else scope.completeAnswered();
  }
}
