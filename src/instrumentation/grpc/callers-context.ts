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
  /** Called when it has been written. */
  readonly callback?: (error?: Error | null) => void;
}

/** What a channel makes: the part of it that we use. */
export interface ChannelCall {
  start(metadata: Metadata, listener: CallListener): void;
  sendMessageWithContext(sending: Sending, message: unknown): void;
  cancelWithStatus(code: number, details: string): void;
}

/**
 * Lets `call`, which is being created, tell everything in the async context of its caller. grpc-js does so in that of
 * whoever opened the connection: what is done next, a retry for one, would belong to his request and end with it.
 */
export function tellInCallersContext(call: ChannelCall): void {
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
    const told = callback && {
      ...sending,
      callback: (error?: Error | null) => caller.runInAsyncScope(callback, undefined, error),
    };
    sendMessageWithContext.call(call, told ?? sending, message);
  };
}
