import { type Context, context as contextApi } from '@opentelemetry/api';
import { getScope } from '../../context/context-scope.js';
import { probeInjection } from '../../propagation/probe-injection.js';
import { now } from '../../time/clock.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import { contextForCall } from '../lost-context/lost-contexts.js';
import { bindCall } from '../outbound/outbound-call.js';
import { refuseCall } from '../outbound/refuse-call.js';
import type { Settings } from '../settings.js';
import type { UndiciRequest } from './call.js';
import { type CallAddress, isLeftAlone, targetOf } from './call-target.js';
import { fail, type UndiciHandler } from './handler-failure.js';
import { lastQueued, NOBODY, QueuedCall, queuedWith } from './pool-queue.js';
import { countDown } from './stamp.js';

/** A handler that dispatches again by itself (a retry, a redirect); `handler` is the one that it stands before. */
interface Handler extends UndiciHandler {
  readonly dispatch?: unknown;
  readonly handler?: Handler;
}

export function wrapDispatch(original: Method, patched: Patched<DispatchHook>): Method {
  return function dispatch(this: object, options: CallAddress, handler: Handler) {
    // However it comes: nothing is sent.
    if (handler === NOBODY) return true;
    const go = () => original.call(this, options, handler);
    const { settings: hook } = patched;
    // Undici says what is wrong with them.
    if (hook === undefined || !isObject(options) || !isObject(handler)) return go();
    return hook.dispatch(go, this, options, handler);
  };
}

/**
 * Stands before `dispatch`, through which each call of undici goes before there is a request or a connection: a call that must
 * not be made fails there, and one that is dispatched by somebody else's callback gets its own context back.
 */
export class DispatchHook {
  /** Whether a call is on its way: an agent dispatches it to a pool, and that to a client. */
  private underway = false;
  /** How many requests have been made. */
  private count = 0;
  /** The last one, until it has been looked at. */
  private last: UndiciRequest | undefined = undefined;
  /** Where the handlers that dispatch again did it first. */
  private readonly contexts = new WeakMap<Handler, Context>();

  constructor(private readonly settings: Settings) {}

  /** In place of `go`, the dispatcher's own. */
  dispatch(go: () => boolean, dispatcher: object, options: CallAddress, handler: Handler): boolean {
    const queued = queuedWith(options);
    // It comes from an agent or a pool, where this has been seen to.
    const inner = this.underway || queued !== undefined;
    const ours = !inner && !isLeftAlone(options, this.settings, dispatcher);
    const context = queued?.context ?? this.contextOf(handler, ours);
    if (ours && this.refuses(context, dispatcher, options, handler)) return true;
    return this.run(context, () => this.follow(go, dispatcher, options));
  }

  /** Told of each request that is made. Returns whether it is one of a dispatch that is wrapped. */
  created(request: UndiciRequest): boolean {
    this.count++;
    if (this.underway) this.last = request;
    return this.underway;
  }

  /**
   * The context that a call belongs to. A retry is dispatched by a callback of the attempt before, which runs in the
   * async context of whoever opened the connection.
   */
  private contextOf(handler: Handler, ours: boolean): Context {
    const active = contextApi.active();
    const chain = 'dispatch' in handler ? [...redispatchers(handler)] : [];
    const known = chain.find((each) => this.contexts.has(each));
    if (known !== undefined) return this.contexts.get(known) ?? active;
    const context = ours ? contextForCall(active, 'undici') : active;
    for (const each of chain) this.contexts.set(each, context);
    return context;
  }

  /** Whether a call must not be made, and so has failed. */
  private refuses(context: Context, dispatcher: object, options: CallAddress, handler: Handler): boolean {
    const reason = refuseCall(getScope(context), 'undici', this.settings.enforce);
    if (reason === undefined) return false;
    fail(handler, reason, targetOf(options, dispatcher));
    return true;
  }

  private run(context: Context, go: () => boolean): boolean {
    const { underway } = this;
    this.underway = true;
    try {
      return context === contextApi.active() ? go() : contextApi.with(context, go);
    } finally {
      this.underway = underway;
    }
  }

  /** Looks what has become of a call that goes its way: has it been sent, does it wait for a connection, is it queued? */
  private follow(go: () => boolean, dispatcher: object, options: CallAddress): boolean {
    const { count } = this;
    const result = go();
    if (this.count === count) this.bindQueued(dispatcher, options);
    else if (this.last?.abort === null && !isNext(dispatcher)) countDown(this.last);
    this.last = undefined;
    return result;
  }

  private bindQueued(dispatcher: object, options: CallAddress): void {
    const entry = lastQueued(dispatcher, options);
    if (entry === undefined) return;
    const context = contextApi.active();
    const call = new QueuedCall(entry, context, this.settings.enforce, () => targetOf(options, dispatcher));
    if (isLeftAlone(options, this.settings, dispatcher)) return;
    const { budget } = probeInjection(context) ?? { budget: Number.POSITIVE_INFINITY };
    call.bound = bindCall(getScope(context), call, budget + now());
  }
}

/** `handler` and those that it stands before, as far as they dispatch again. */
function* redispatchers(handler: Handler): Iterable<Handler> {
  for (let link: Handler | undefined = handler; link && 'dispatch' in link; link = link.handler) yield link;
}

/** Whether the one call of a client will be sent in the next turn: undici looks at an idle connection before it uses it. */
function isNext(client: { stats?: { connected: unknown; running: number; pending: number } }): boolean {
  const { stats } = client;
  return stats !== undefined && Boolean(stats.connected) && stats.running === 0 && stats.pending === 1;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
