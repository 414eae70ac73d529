import { EventEmitter } from 'node:events';
import type { Method } from '../../hooks/patch-method.js';
import { type Deliver, listenersOf, type RequestEvent, StandIn } from './stand-in.js';

export type { RequestEvent } from './stand-in.js';

/**
 * Emits `event` with `emit`, which other instrumentations may have wrapped, and calls `deliver` in place of the server's
 * listeners: inside of all wrappers, and so inside of their spans and contexts, whichever of us was loaded first.
 *
 * @param deliver gets the event as the wrappers passed it on: with another request or response, where one replaced it;
 *   later, where one passed it on later; never, where one answered itself
 * @returns what `emit` returned
 */
export function emitInnermost(emit: Method, event: RequestEvent, deliver: Deliver): unknown {
  const { server, name, request, response } = event;
  if (listenersOf(server)?.[name] === undefined) return emit.call(server, name, request, response);
  if (emit !== EventEmitter.prototype.emit) return StandIn.of(server, name).emit(emit, event, deliver);
  // Nobody has wrapped it.
  deliver(event);
  return true;
}
