import { AsyncResource } from 'node:async_hooks';
import type { Metadata, StatusObject } from '@grpc/grpc-js';

export type Status = StatusObject & { cause?: unknown; target?: string };

export interface CallListener {
  onReceiveMetadata(metadata: Metadata): void;
  onReceiveMessage(message: unknown): void;
  onReceiveStatus(status: Status): void;
}

/** What goes with a message that is sent. */
interface Sending {
  /** Called when the message has been written. */
  readonly callback?: (error?: Error | null) => void;
}

/** A call as a channel makes it: the part that we use. */
export interface ChannelCall {
  start(metadata: Metadata, listener: CallListener): void;
  sendMessageWithContext(sending: Sending, message: unknown): void;
  cancelWithStatus(code: number, details: string): void;
}

/**
 * Runs all listeners of `call`, which is being created, in the async context of its caller.
 *
 * WORKAROUND @grpc/grpc-js >=1.10: the listeners run in the async context of the call that opened the connection, so that
 * what they do next, such as a retry, would belong to another request and end with it (no issue known); remove when a
 * listener runs in the context in which its call was made.
 */
export function runInCallersContext(call: ChannelCall): void {
  const caller = new AsyncResource('opentelemetry-propagator-deadline call');
  const { start, sendMessageWithContext } = call;
  call.start = (metadata, listener) => {
    start.call(call, metadata, {
      onReceiveMetadata: (received) => caller.runInAsyncScope(listener.onReceiveMetadata, listener, received),
      onReceiveMessage: (message) => caller.runInAsyncScope(listener.onReceiveMessage, listener, message),
      onReceiveStatus: (status) => caller.runInAsyncScope(listener.onReceiveStatus, listener, status),
    });
  };
  call.sendMessageWithContext = (sending, message) => {
    const { callback } = sending;
    const bound = callback && {
      ...sending,
      callback: (error?: Error | null) => caller.runInAsyncScope(callback, undefined, error),
    };
    sendMessageWithContext.call(call, bound ?? sending, message);
  };
}
