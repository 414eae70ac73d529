import { EventEmitter } from 'node:events';
import type { Method } from '../hooks/patch-method.js';
import type { InboundRequest, InboundResponse } from '../options.js';

/** An event by which a server gives a request to the application. */
export interface RequestEvent {
  readonly server: EventEmitter;
  readonly name: string;
  readonly request: InboundRequest;
  readonly response: InboundResponse;
}

interface Listeners {
  [name: string]: unknown;
}

/**
 * Emits `event` with `emit`, which other instrumentations may have wrapped, and calls `deliver` in place of the server's
 * listeners: inside of all wrappers, and so inside of their spans and contexts, whichever of us was loaded first.
 *
 * @param deliver gets the event as the wrappers passed it on: with another request or response, where one replaced it
 * @returns what `emit` returned
 */
export function emitInnermost(emit: Method, event: RequestEvent, deliver: (event: RequestEvent) => void): unknown {
  const { server, name, request, response } = event;
  const listeners = listenersOf(server);
  // Nobody has wrapped it, nobody listens, or the server is none of Node's.
  if (emit === EventEmitter.prototype.emit || listeners?.[name] === undefined) {
    if (listeners?.[name] === undefined) return emit.call(server, name, request, response);
    deliver(event);
    return true;
  }
  const applications = listeners[name];
  const restore = () => {
    if (listeners[name] === innermost) listeners[name] = applications;
  };
  const innermost = (passedRequest: InboundRequest, passedResponse: InboundResponse) => {
    // Before the application runs: it may add listeners, or emit the event again.
    restore();
    deliver({ server, name, request: passedRequest, response: passedResponse });
  };
  listeners[name] = innermost;
  try {
    return emit.call(server, name, request, response);
  } finally {
    restore();
  }
}

/**
 * WORKAROUND node all: nothing public runs code inside of what others have wrapped around `emit` (no issue known);
 * remove when a diagnostics channel can replace the listeners of a request.
 *
 * The listeners of an emitter, by event: one function, or an array of several.
 */
function listenersOf(emitter: EventEmitter): Listeners | undefined {
  return (emitter as { _events?: Listeners })._events;
}
