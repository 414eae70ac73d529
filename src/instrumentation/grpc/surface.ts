import type { EventEmitter } from 'node:events';
import type { Metadata, StatusObject } from '@grpc/grpc-js';

/** A call that we serve, as grpc-js gives it to a handler: what the four kinds have, and what streams have as well. */
export interface ServerCall extends EventEmitter {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  readonly writableEnded?: boolean;
  readonly destroyed?: boolean;
  /** What it is written to. Not in the types of grpc-js. */
  readonly call?: { readonly nextCall?: object; sendStatus?(status: StatusObject): void };
  getDeadline(): Date | number;
  getPath(): string;
  getPeer(): string;
  getHost(): string;
}

/** How a unary handler, or one of a stream of requests, answers. */
export type SendAnswer = (error: unknown, value?: unknown, trailer?: Metadata, ...flags: unknown[]) => void;

export type GrpcHandler = (this: unknown, call: ServerCall, send?: SendAnswer) => unknown;
