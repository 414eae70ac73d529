import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { Context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { deleteScope, knowsScope, setScope } from '../../context/context-scope.js';
import type { Scope } from '../../context/scope/scope.js';
import { record, type Transport } from '../../events.js';
import type { Undo } from '../hooks/patch-method.js';
import type { LostContextMode } from '../options.js';
import { warnOfCallSite } from './call-site.js';

// A call has a lost context when it is made inside a live request, in a context that knows nothing of that request
// (`context.with(ROOT_CONTEXT, ...)`). Such a call carries no deadline, and goes on when the caller has gone.

/** Exists while detection is on, which costs an AsyncLocalStorage. */
let detector: Detector | undefined;

/** Detects calls with a lost context from now on. */
export function detectLostContexts(mode: LostContextMode): Undo {
  const started = mode === 'off' ? undefined : new Detector(mode === 'inherit');
  detector = started;
  return () => {
    started?.disable();
    if (detector === started) detector = undefined;
  };
}

/** Runs `fn` as work for the request of `scope`. All that `fn` starts belongs to the request as well. */
export function runForRequest<T>(scope: Scope, fn: () => T): T {
  return detector === undefined ? fn() : detector.runForRequest(scope, fn);
}

/** The request that the running code works for; `undefined` while detection is off. */
export function requestOfCode(): Scope | undefined {
  return detector?.requestOfCode();
}

/** Runs the listeners of `emitter` as work for a request: the connection emits its events outside of the request. */
export function bindToRequest(scope: Scope, emitter: EventEmitter): void {
  detector?.bindToRequest(scope, emitter);
}

/** The context for a call that is about to be made in `context`: nearly always `context` itself. */
export function contextForCall(context: Context, transport: Transport): Context {
  return detector === undefined ? context : detector.contextForCall(context, transport);
}

/** Whether a call in `context` has a lost context; always `false` while detection is off. */
export function hasLostContext(context: Context): boolean {
  return detector?.requestOf(context) !== undefined;
}

class Detector {
  /** A storage of our own: code that loses OpenTelemetry's context still has this one. */
  private readonly scopes = new AsyncLocalStorage<Scope>();
  private disabled = false;

  constructor(private readonly inherit: boolean) {}

  runForRequest<T>(scope: Scope, fn: () => T): T {
    return this.scopes.run(scope, fn);
  }

  requestOfCode(): Scope | undefined {
    return this.scopes.getStore();
  }

  bindToRequest(scope: Scope, emitter: EventEmitter): void {
    const detector = this;
    const { emit } = emitter;
    emitter.emit = function emitForRequest(this: EventEmitter, ...args: Parameters<EventEmitter['emit']>) {
      // `run` would enable a storage that has been disabled.
      if (detector.disabled) return emit.apply(this, args);
      return detector.runForRequest(scope, () => emit.apply(this, args));
    };
  }

  /** The request that `context` has lost; `undefined` when it has lost none. */
  requestOf(context: Context): Scope | undefined {
    const scope = this.scopes.getStore()?.live();
    return scope === undefined || knowsScope(context) || isTracingSuppressed(context) ? undefined : scope;
  }

  contextForCall(context: Context, transport: Transport): Context {
    const scope = this.requestOf(context);
    if (scope === undefined) return context;
    record({ type: 'detached', side: 'client', transport });
    warnOfCallSite(
      'A call was made inside a request, in a context that knows nothing of the request: ' +
        `the call ${this.inherit ? 'was given' : 'does not have'} the deadline and the cancellation of the caller. ` +
        'Make the call in the context of the request, not in ROOT_CONTEXT, or free it with detach(). The call was made',
    );
    // A client may ask more than once for a call. A context that knows a scope, even a deleted one, is counted once.
    return this.inherit ? setScope(context, scope) : deleteScope(context);
  }

  disable(): void {
    this.disabled = true;
    this.scopes.disable();
  }
}
