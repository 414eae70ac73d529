import { EventEmitter } from 'node:events';

/** A listener for the event 'stream' of a server. */
export type StreamListener = (...args: unknown[]) => unknown;

/**
 * The application's own listeners for the event 'stream'; empty where the streams of a server are served by what is
 * instrumented itself: the compatibility API, whose listener is there as soon as 'request' has one, and grpc-js.
 */
export function ownListeners(server: EventEmitter): readonly StreamListener[] {
  // Past a `listenerCount` and a `rawListeners` that others have wrapped.
  const { listenerCount, rawListeners } = EventEmitter.prototype;
  if (listenerCount.call(server, 'request') > 0) return [];
  const listeners = rawListeners.call(server, 'stream') as StreamListener[];
  return listeners.some(isOfGrpcJs) ? [] : listeners;
}

/**
 * WORKAROUND @grpc/grpc-js >=1.10: a server of node:http2 does not tell that it belongs to grpc-js, and only the names of its
 * listeners do (no issue known); remove when something public tells.
 */
function isOfGrpcJs({ name }: StreamListener): boolean {
  return name === 'bound _channelzHandler' || name === 'bound _streamHandler';
}
