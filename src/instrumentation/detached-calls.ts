import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, diag } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { getScope, isFreed, setScope } from '../context/context-scope.js';
import type { Scope } from '../context/scope.js';
import { emit } from '../events.js';
import type { OutboundTransport } from './outbound-call.js';

/** How many call sites are remembered, and so reported, at most. */
const MAX_SITES = 1000;
/** How many frames of the application's stack tell where a call was made. */
const FRAMES = 3;

/**
 * Notices calls that are made inside a request but in a context that does not know it, `context.with(ROOT_CONTEXT, ...)`
 * for one: such a call ignores that its caller has gone. The request is followed by an `AsyncLocalStorage` of its own,
 * which is not lost with OpenTelemetry's context.
 */
export class DetachedCalls {
  private readonly requests = new AsyncLocalStorage<Scope>();
  private readonly sites = new Set<string>();

  constructor(private readonly mode: 'warn' | 'inherit') {}

  /** Runs the handler of a request. */
  serve<T>(scope: Scope, handler: () => T): T {
    return this.requests.run(scope, handler);
  }

  /** The context for a call that is made in `context`: the same, or in `inherit` mode one with the request's scope. */
  contextFor(context: Context, transport: OutboundTransport['name']): Context {
    const scope = this.requests.getStore()?.live();
    if (scope === undefined || getScope(context) !== undefined) return context;
    if (isFreed(context) || isTracingSuppressed(context)) return context;
    emit({ type: 'detached', side: 'client', transport });
    this.report();
    return this.mode === 'inherit' ? setScope(context, scope) : context;
  }

  private report(): void {
    const site = applicationFrames();
    if (this.sites.has(site) || this.sites.size >= MAX_SITES) return;
    this.sites.add(site);
    diag.warn(
      `a call was made outside the scope of the request that it belongs to; wrap it in detach() if it is meant to ` +
        `outlive its caller:\n${site}`,
    );
  }
}

/** The innermost frames that belong to neither Node nor a package. */
function applicationFrames(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  const frames = stack.split('\n').slice(1);
  const own = frames.filter((frame) => !/\(?node:|[\\/]node_modules[\\/]|[\\/]instrumentation[\\/]/.test(frame));
  return own.slice(0, FRAMES).join('\n');
}
