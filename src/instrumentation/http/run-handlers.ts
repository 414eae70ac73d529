import { EventEmitter } from 'node:events';
import { ServerResponse } from 'node:http';
import { types } from 'node:util';
import { diag } from '@opentelemetry/api';
import type { Scope } from '../../context/scope/scope.js';
import { isCallCancelled, isDeadlineExceeded } from '../../errors.js';
import { Onto } from '../../propagation/inbound.js';
import { type Method, patchMethod } from '../hooks/patch-method.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import { rejectLate } from './answer.js';

/** The event by which a server hands a request to the application. */
export interface RequestEvent {
  readonly server: EventEmitter;
  readonly name: string;
  readonly request: InboundRequest;
  readonly response: InboundResponse;
}

/** As the server's own `emit`. */
export function dispatchBare({ server, name, request, response }: RequestEvent): boolean {
  return EventEmitter.prototype.emit.call(server, name, request, response);
}

/** A request that is being handled. */
interface Handling {
  readonly event: RequestEvent;
  readonly scope: Scope;
  /** Whether calls are aborted: then a handler may fail because of that in words of its own. */
  readonly enforce: boolean;
}

/**
 * For which requests a handler has returned a promise: several may wait for one. As a #field, because the promise is the
 * application's.
 */
class Promised extends Onto {
  #handlings: readonly Handling[];

  constructor(promise: object, handlings: readonly Handling[]) {
    super(promise);
    this.#handlings = handlings;
  }

  static add(promise: object, handling: Handling): void {
    if (#handlings in promise) promise.#handlings = [...promise.#handlings.filter(isOpen), handling];
    else new Promised(promise, [handling]);
  }

  static handlings(promise: object): readonly Handling[] {
    return #handlings in promise ? promise.#handlings : [];
  }
}

/**
 * As the server's `emit`, which lets go of what escapes from a handler: Node ends the process when it throws, or when its
 * promise is rejected. A caller must not be able to do that by hanging up, so what escapes because the scope has ended is
 * answered here. Everything else ends the process as ever.
 */
export function dispatch(event: RequestEvent, scope: Scope, enforce: boolean): boolean {
  const { server, request, response } = event;
  // The server was told to answer for rejections itself.
  if (capturesRejections(server)) return dispatchBare(event);
  const listeners = server.rawListeners(event.name) as Method[];
  const handling = { event, scope, enforce };
  for (const listener of listeners) {
    try {
      const result: unknown = listener.call(server, request, response);
      if (result !== undefined && types.isPromise(result)) Promised.add(result, handling);
    } catch (error) {
      if (!isDueToEnd(error, handling)) throw error;
      answerFor(handling, error);
      break;
    }
  }
  return listeners.length > 0;
}

/**
 * Answers for handlers whose promises are rejected because their scopes have ended. Node asks the process by an event
 * whether anybody handles a rejection, and ends it if not. Here, and not by a `then` of our own: whether the application
 * handles a promise itself is known to Node alone. Returns what undoes it.
 */
export function answerForRejections(): () => void {
  return patchMethod(process, 'emit', wrapProcessEmit);
}

function wrapProcessEmit(original: Method): Method {
  return function emit(this: NodeJS.Process, ...args: unknown[]): boolean {
    const [name, error, promise] = args;
    // Anybody may emit anything.
    const answered = name === 'unhandledRejection' && types.isPromise(promise) && isAnswered(error, promise);
    return answered || original.apply(this, args);
  };
}

function isAnswered(error: unknown, promise: Promise<unknown>): boolean {
  const handlings = Promised.handlings(promise);
  if (handlings.length === 0 || !handlings.every((handling) => isDueToEnd(error, handling))) return false;
  for (const handling of handlings) answerFor(handling, error);
  return true;
}

/** Whether what has escaped from a handler did so because its scope has ended. */
function isDueToEnd(error: unknown, { scope, enforce }: Handling): boolean {
  // After its end anything may have failed because of it.
  return isEnd(error) || (enforce && scope.outcome() !== undefined);
}

function isEnd(error: unknown): boolean {
  return isDeadlineExceeded(error) || isCallCancelled(error);
}

function answerFor(handling: Handling, error: unknown): void {
  const { event, scope } = handling;
  const { request, response } = event;
  // Who looks for another fault must find it.
  if (!isEnd(error)) diag.error('a handler failed when its scope had ended', error);
  if (!isOpen(handling)) return;
  if (!response.headersSent && isDeadlineExceeded(scope.outcome()?.reason ?? error)) answerInstead(request, response);
  else response.destroy();
}

function isOpen({ event: { response } }: Handling): boolean {
  return !(response.writableEnded || response.destroyed);
}

/** Answers in place of a handler, which may have said much already of the answer that does not come. */
function answerInstead(request: InboundRequest, response: InboundResponse): void {
  try {
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    if (response instanceof ServerResponse) response.statusMessage = '';
    rejectLate(request, response);
  } catch (error) {
    diag.error('a request whose time is up gets no answer', error);
    response.destroy();
  }
}

/** Nothing public tells whether an emitter was told so. Every emitter has this property. */
const CAPTURE = Object.getOwnPropertySymbols(new EventEmitter()).find(({ description }) => description === 'kCapture');

function capturesRejections(server: EventEmitter): boolean {
  return CAPTURE !== undefined && Boolean((server as unknown as Record<symbol, unknown>)[CAPTURE]);
}
