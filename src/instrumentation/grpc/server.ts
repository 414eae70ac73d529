import { diag } from '@opentelemetry/api';
import { attachInbound, Inbound } from '../../propagation/inbound.js';
import { type Method, type Patched, patchMethod } from '../hooks/patch-method.js';
import type { Settings } from '../settings.js';
import { GrpcServerCall } from './server-call.js';
import type { GrpcHandler, SendAnswer, ServerCall } from './surface.js';

const SERVER_CALL = Symbol('opentelemetry-propagator-deadline server call');

type AnnouncedCall = ServerCall & { [SERVER_CALL]?: GrpcServerCall | undefined };

/** What a server keeps for each method. */
interface HandlerEntry {
  func: GrpcHandler;
}
interface Server {
  readonly handlers: Map<string, HandlerEntry>;
}

/** The entries whose innermost function is ours. */
const entered = new WeakSet<HandlerEntry>();

/**
 * Gives each inbound call a scope: with the caller's deadline, cancelled when the caller goes away, completed by the
 * answer. Two places: outside of all other instrumentations, to be there before they extract, and inside of them, so
 * that a call that arrives too late has its span. Returns what undoes it.
 */
export function instrumentGrpcServer(serverClass: { prototype: object }, settings: Settings): () => void {
  const { prototype } = serverClass;
  if (!('_runHandlerForCall' in prototype)) {
    diag.warn('this version of @grpc/grpc-js is not known: its servers are left alone');
    return () => {};
  }
  const undo = [
    patchMethod(prototype, 'register', wrapRegister),
    patchMethod(prototype, '_runHandlerForCall', wrapRunHandler, settings),
  ];
  return () => {
    for (const step of undo) step();
  };
}

/** Does nothing for calls that were not announced. */
function wrapRegister(original: Method): Method {
  return function register(this: Server, name: string, handler: GrpcHandler, ...rest: unknown[]) {
    const registered = original.call(this, name, serveAnnounced(handler), ...rest);
    const entry = this.handlers.get(name);
    if (registered && entry !== undefined) entered.add(entry);
    return registered;
  };
}

function serveAnnounced(handler: GrpcHandler): GrpcHandler {
  return function serve(this: unknown, call: AnnouncedCall, send?: SendAnswer) {
    const announced = call[SERVER_CALL];
    call[SERVER_CALL] = undefined;
    return announced === undefined ? handler.call(this, call, send) : announced.serve(handler, this, send);
  };
}

function wrapRunHandler(original: Method, patched: Patched<Settings>): Method {
  const outer = new WeakMap<HandlerEntry, HandlerEntry>();
  return function runHandlerForCall(this: Server, call: unknown, entry: HandlerEntry) {
    let announcing = outer.get(entry);
    if (announcing === undefined) {
      const func: GrpcHandler = (serverCall, send) => announce(serverCall, patched.settings, entry, send);
      announcing = { ...entry, func };
      outer.set(entry, announcing);
    }
    return original.call(this, call, announcing);
  };
}

function announce(
  call: AnnouncedCall,
  settings: Settings | undefined,
  entry: HandlerEntry,
  send?: SendAnswer,
): unknown {
  if (settings === undefined) return entry.func(call, send);
  if (settings.server.ignore(call)) {
    attachInbound(call.metadata, ignoredInbound());
    return entry.func(call, send);
  }
  const announced = new GrpcServerCall(call, settings);
  // Registered before we were enabled: nothing of ours is inside.
  if (!entered.has(entry)) return announced.serve(entry.func, entry, send);
  call[SERVER_CALL] = announced;
  return entry.func(call, send);
}

/** For a call that is left alone: whoever extracts from it gets a scope that binds nobody. */
function ignoredInbound(): Inbound {
  const inbound = new Inbound(true, undefined);
  inbound.bind(undefined).complete();
  return inbound;
}
