import { diag } from '@opentelemetry/api';
import { SERVED_CALL } from '../../private-keys.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import type { Settings } from '../settings.js';
import { GrpcServedCall } from './server-call.js';
import type { GrpcHandler, SendAnswer, ServerCall } from './surface.js';

type AttachedCall = ServerCall & { [SERVED_CALL]?: GrpcServedCall | undefined };

/** What a server keeps for each method. */
interface HandlerEntry {
  func: GrpcHandler;
}
interface Server {
  readonly handlers: Map<string, HandlerEntry>;
}

/** The entries whose innermost function is ours. */
const entered = new WeakSet<HandlerEntry>();

// Gives each inbound call a scope: it has the caller's deadline, is cancelled when the caller goes away, and completes with
// the answer. Two methods are replaced. `_runHandlerForCall` runs outside of all other instrumentations, and so attaches
// before they extract. The handler that `register` gets is wrapped inside of them, so that a call that arrives too late has
// its span.
//
// WORKAROUND @grpc/grpc-js >=1.10: nothing public runs before the handler of every kind and outside of what others have
// wrapped (no issue known); remove when interceptors can be added to a server that exists.

/** Whether a class has the methods that are replaced. */
export function isKnownServer(prototype: object): boolean {
  if ('_runHandlerForCall' in prototype) return true;
  diag.warn('the servers of this version of @grpc/grpc-js are left alone: it has no method that is known here');
  return false;
}

/** Needs no settings: what it adds does nothing for calls that nothing is attached to. */
export function wrapRegister(original: Method): Method {
  return function register(this: Server, name: string, handler: GrpcHandler, ...rest: unknown[]) {
    const registered = original.call(this, name, serveAttached(handler), ...rest);
    const entry = this.handlers.get(name);
    if (registered && entry !== undefined) entered.add(entry);
    return registered;
  };
}

function serveAttached(handler: GrpcHandler): GrpcHandler {
  return function serve(this: unknown, call: AttachedCall, send?: SendAnswer) {
    const served = call[SERVED_CALL];
    call[SERVED_CALL] = undefined;
    return served === undefined ? handler.call(this, call, send) : served.serve(handler, this, send);
  };
}

export function wrapRunHandler(original: Method, patched: Patched<Settings>): Method {
  const outer = new WeakMap<HandlerEntry, HandlerEntry>();
  return function runHandlerForCall(this: Server, call: unknown, entry: HandlerEntry) {
    let attaching = outer.get(entry);
    if (attaching === undefined) {
      const func: GrpcHandler = (serverCall, send) => attachAndRun(serverCall, patched.settings, entry, send);
      attaching = { ...entry, func };
      outer.set(entry, attaching);
    }
    return original.call(this, call, attaching);
  };
}

function attachAndRun(
  call: AttachedCall,
  settings: Settings | undefined,
  entry: HandlerEntry,
  send?: SendAnswer,
): unknown {
  if (settings === undefined) return entry.func(call, send);
  const served = GrpcServedCall.attach(call, settings);
  if (served.stage === 'ignored') return entry.func(call, send);
  // Registered before we were enabled: no function of ours is inside.
  if (!entered.has(entry)) return served.serve(entry.func, entry, send);
  call[SERVED_CALL] = served;
  return entry.func(call, send);
}
