import { type Context, context as contextApi } from '@opentelemetry/api';
import { probeInjection } from '../../propagation/probe-injection.js';
import { now } from '../../time/clock.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import { contextOfCall, scopeOfCall } from '../outbound/call-context.js';
import { refuseCall } from '../outbound/refuse-call.js';
import type { Settings } from '../settings.js';
import type { UndiciRequest } from './call.js';
import { type CallAddress, isLeftAlone, isShared, targetOf } from './call-target.js';
import { failHandler, type UndiciHandler } from './handler-failure.js';
import { isSentNext } from './internals.js';
import { captureQueued, FAILED, queuedWith } from './pool-queue.js';
import { countDown } from './stamp.js';

/**
 * A handler that may dispatch again by itself (a retry, a redirect); `handler` is the handler behind it.
 *
 * WORKAROUND undici >=6: a retry is dispatched in the async context of the connection, and nothing public names the call that
 * it belongs to (no issue known); remove when it runs in the context of its call.
 */
interface Handler extends UndiciHandler {
  readonly dispatch?: unknown;
  readonly handler?: Handler;
}

export function wrapDispatch(original: Method, patched: Patched<DispatchHook>): Method {
  return function dispatch(this: object, options: CallAddress, handler: Handler) {
    // Whichever dispatcher is asked: a call that has failed in the queue is not sent.
    if (handler === FAILED) return true;
    const go = () => original.call(this, options, handler);
    const { settings: hook } = patched;
    // Undici reports what is wrong with other arguments.
    if (hook === undefined || !isObject(options) || !isObject(handler)) return go();
    return hook.dispatch(go, this, options, handler);
  };
}

/** A `dispatch` that is running. */
interface Dispatching {
  /** Whether it has made a request: directly, or by the `dispatch` of another dispatcher. */
  made: boolean;
  /** The request that it has made directly. */
  request: UndiciRequest | undefined;
}

/**
 * Replaces `dispatch`, which sees each call of undici before there is a request or a connection. A call that must not be
 * made fails there. A call that is dispatched by a callback of another call runs in its own context.
 */
export class DispatchHook {
  /** The innermost `dispatch` that is running: an agent dispatches a call to a pool, and the pool to a client. */
  private current: Dispatching | undefined = undefined;
  /** The contexts in which the handlers that dispatch again did so first. */
  private readonly contexts = new WeakMap<Handler, Context>();

  constructor(private readonly settings: Settings) {}

  /** @param go the dispatcher's own `dispatch` */
  dispatch(go: () => boolean, dispatcher: object, options: CallAddress, handler: Handler): boolean {
    const queued = queuedWith(options);
    // The call comes from an agent or a pool, whose `dispatch` has checked it.
    const inner = this.current !== undefined || queued !== undefined;
    const ours = !inner && !isLeftAlone(options, this.settings, dispatcher);
    const context = queued?.context ?? this.contextOf(ours, dispatcher, options, handler);
    if (ours && this.refuses(context, dispatcher, options, handler)) return true;
    const dispatching = { made: false, request: undefined };
    const result = this.run(dispatching, context, go);
    this.follow(dispatching, context, dispatcher, options);
    return result;
  }

  /** Called for each request that undici makes. Returns whether a `dispatch` that is wrapped has made the request. */
  created(request: UndiciRequest): boolean {
    const { current } = this;
    if (current === undefined) return false;
    current.made = true;
    current.request = request;
    return true;
  }

  /**
   * The context that a call belongs to. A retry is dispatched by a callback of the attempt before it, which runs in the
   * async context of the call that opened the connection.
   */
  private contextOf(ours: boolean, dispatcher: object, options: CallAddress, handler: Handler): Context {
    const active = contextApi.active();
    const chain = 'dispatch' in handler ? [...redispatchers(handler)] : [];
    const known = chain.find((each) => this.contexts.has(each));
    if (known !== undefined) return this.contexts.get(known) ?? active;
    const { shared } = this.settings.client;
    const context = ours ? contextOfCall(active, 'undici', () => isShared(options, shared, dispatcher)) : active;
    for (const each of chain) this.contexts.set(each, context);
    return context;
  }

  /** Whether a call must not be made. Such a call has failed when this returns. */
  private refuses(context: Context, dispatcher: object, options: CallAddress, handler: Handler): boolean {
    const reason = refuseCall(scopeOfCall(context), 'undici', this.settings.enforce);
    if (reason === undefined) return false;
    failHandler(handler, reason, targetOf(options, dispatcher));
    return true;
  }

  private run(dispatching: Dispatching, context: Context, go: () => boolean): boolean {
    const outer = this.current;
    this.current = dispatching;
    try {
      return context === contextApi.active() ? go() : contextApi.with(context, go);
    } finally {
      this.current = outer;
      if (outer !== undefined && dispatching.made) outer.made = true;
    }
  }

  /** Looks what has become of a call after its `dispatch`: it has been sent, waits for a connection, or was queued. */
  private follow({ made, request }: Dispatching, context: Context, dispatcher: object, options: CallAddress): void {
    if (!made) this.bindQueued(context, dispatcher, options);
    else if (request?.abort === null && !isSentNext(dispatcher)) countDown(request);
  }

  private bindQueued(context: Context, dispatcher: object, options: CallAddress): void {
    const target = () => targetOf(options, dispatcher);
    const call = captureQueued(dispatcher, options, context, this.settings.enforce, target);
    if (call === undefined || isLeftAlone(options, this.settings, dispatcher)) return;
    const budget = probeInjection(context)?.budget ?? Number.POSITIVE_INFINITY;
    call.bind(scopeOfCall(context), budget + now());
  }
}

/** `handler` and the handlers behind it, as far as they dispatch again. */
function* redispatchers(handler: Handler): Iterable<Handler> {
  for (let link: Handler | undefined = handler; link && 'dispatch' in link; link = link.handler) yield link;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
