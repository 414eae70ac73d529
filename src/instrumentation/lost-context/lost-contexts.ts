import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { Context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { deleteScope, knowsScope, setScope } from '../../context/context-scope.js';
import type { Scope } from '../../context/scope/scope.js';
import { record } from '../../events.js';
import type { OutboundTransport } from '../outbound/outbound-call.js';
import { warnOfCallSite } from './call-site.js';

/**
 * Notices calls that are made inside a live request, in a context that knows nothing of it
 * (`context.with(ROOT_CONTEXT, ...)`): they would carry no deadline, and go on when the caller has gone.
 */
export interface DetachedCalls {
  /** Runs `fn`, all that it starts included, as work for a request. */
  serve<T>(request: Scope, fn: () => T): T;
  /** Runs the listeners of `emitter` as work for a request: its events come from the connection. */
  bind(request: Scope, emitter: EventEmitter): void;
  /** The context for a call that is about to be made in `context`: nearly always that one. */
  contextFor(context: Context, transport: OutboundTransport['name']): Context;
  disable(): void;
}

/** @param mode `'off'`: nothing is noticed, at no cost; `'inherit'`: they are given what they have lost */
export function noticeDetachedCalls(mode: 'off' | 'warn' | 'inherit'): DetachedCalls {
  return mode === 'off' ? UNNOTICED : new NoticedCalls(mode === 'inherit');
}

const UNNOTICED: DetachedCalls = {
  serve: (_, fn) => fn(),
  bind: () => {},
  contextFor: (context) => context,
  disable: () => {},
};

class NoticedCalls implements DetachedCalls {
  /** Of its own: what has lost OpenTelemetry's context still has this one. */
  private readonly requests = new AsyncLocalStorage<Scope>();
  private disabled = false;

  constructor(private readonly inherit: boolean) {}

  serve<T>(request: Scope, fn: () => T): T {
    return this.requests.run(request, fn);
  }

  bind(request: Scope, emitter: EventEmitter): void {
    const calls = this;
    const { emit } = emitter;
    emitter.emit = function emitForRequest(this: EventEmitter, ...args: Parameters<EventEmitter['emit']>) {
      // To run in a storage that is disabled enables it.
      if (calls.disabled) return emit.apply(this, args);
      return calls.serve(request, () => emit.apply(this, args));
    };
  }

  contextFor(context: Context, transport: OutboundTransport['name']): Context {
    const request = this.requests.getStore()?.live();
    if (request === undefined || knowsScope(context) || isTracingSuppressed(context)) return context;
    record({ type: 'detached', side: 'client', transport });
    warnOfCallSite(
      'A call was made inside a request, in a context that knows nothing of it: ' +
        `${this.inherit ? 'it was given' : 'it has not'} the deadline and the cancellation of its caller. ` +
        'Make it in the context of the request, not in ROOT_CONTEXT, or free it by detach(). It was made',
    );
    // A client may come by here more than once for a call. Once is enough.
    return this.inherit ? setScope(context, request) : deleteScope(context);
  }

  disable(): void {
    this.disabled = true;
    this.requests.disable();
  }
}
