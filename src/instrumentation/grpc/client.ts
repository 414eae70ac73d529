import type { EventEmitter } from 'node:events';
import type { Deadline } from '@grpc/grpc-js';
import { context as contextApi } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { isEndReason } from '../../errors.js';
import { type Method, type Patched, patchMethod } from '../hooks/patch-method.js';
import { contextForCall } from '../lost-context/lost-contexts.js';
import type { Settings } from '../settings.js';
import { GrpcCall } from './call.js';
import { type ChannelCall, tellInCallersContext } from './callers-context.js';

interface Channel {
  getTarget(): string;
}

/**
 * Binds each call of a channel to the scope that it is made under. Every client makes its calls by `createCall`, in the
 * caller's async context and after another instrumentation has injected. Returns what undoes it.
 */
export function instrumentGrpcChannel(channelClass: { prototype: object }, settings: Settings): () => void {
  return patchMethod(channelClass.prototype, 'createCall', wrapCreateCall, settings);
}

function wrapCreateCall(original: Method, patched: Patched<Settings>): Method {
  return function createCall(this: Channel, method: string, deadline: Deadline, ...rest: unknown[]) {
    const { settings } = patched;
    const active = contextApi.active();
    const target = `gRPC ${this.getTarget()}${method}`;
    if (settings === undefined || isTracingSuppressed(active) || settings.client.ignore?.(target)) {
      return original.call(this, method, deadline, ...rest);
    }
    const context = contextForCall(active, 'grpc');
    const bound = new GrpcCall(context, target, settings.enforce);
    const call: ChannelCall = original.call(this, method, bound.deadline(deadline), ...rest);
    bound.attach(call);
    tellInCallersContext(call);
    return call;
  };
}

/**
 * Keeps a stream of answers from crashing the process when our abort is the only cause of its 'error' and nobody
 * listens. Returns what undoes it.
 */
export function expectStreamErrors(streamClass: { prototype: object }): () => void {
  return patchMethod(streamClass.prototype, 'emit', wrapEmit);
}

/** Does nothing but for errors of ours. */
function wrapEmit(original: Method): Method {
  return function emit(this: EventEmitter, event: string | symbol, ...args: unknown[]) {
    if (event === 'error' && isAborted(args[0]) && this.listenerCount('error') === 0) this.on('error', () => {});
    return original.call(this, event, ...args);
  };
}

function isAborted(error: unknown): boolean {
  return isEndReason((error as { cause?: unknown } | null | undefined)?.cause);
}
