import type { EventEmitter } from 'node:events';
import type { Deadline } from '@grpc/grpc-js';
import { context as contextApi } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { isEndReason } from '../../errors.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import { contextOfCall, scopeOfCall } from '../outbound/call-context.js';
import { refuseCall } from '../outbound/refuse-call.js';
import type { Settings } from '../settings.js';
import { GrpcCall } from './call.js';
import { type ChannelCall, runInCallersContext } from './callers-context.js';

interface Channel {
  getTarget(): string;
}

/**
 * Binds each call of a channel to the scope that it is made under. Every client makes its calls by `createCall`, in the
 * caller's async context and after another instrumentation has injected.
 */
export function wrapCreateCall(original: Method, patched: Patched<Settings>): Method {
  return function createCall(this: Channel, method: string, deadline: Deadline, ...rest: unknown[]) {
    const { settings } = patched;
    const active = contextApi.active();
    const target = `gRPC ${this.getTarget()}${method}`;
    if (settings === undefined || isTracingSuppressed(active) || settings.client.ignore?.(target)) {
      return original.call(this, method, deadline, ...rest);
    }
    const { shared } = settings.client;
    const isShared = () => shared?.has(this.getTarget(), method, () => target) ?? false;
    const context = contextOfCall(active, 'grpc', isShared);
    const refusal = refuseCall(scopeOfCall(context), 'grpc', settings.enforce);
    const call = new GrpcCall(context, target, settings.enforce, refusal);
    const channelCall: ChannelCall = original.call(this, method, call.deadline(deadline), ...rest);
    call.attach(channelCall);
    runInCallersContext(channelCall);
    return channelCall;
  };
}

/**
 * Keeps a stream of answers from crashing the process when an abort of ours is the cause of its 'error' and the
 * application has no listener for 'error'. Does as the original does for all other events.
 */
export function wrapStreamEmit(original: Method): Method {
  return function emit(this: EventEmitter, event: string | symbol, ...args: unknown[]) {
    if (event === 'error' && isAborted(args[0]) && this.listenerCount('error') === 0) this.on('error', () => {});
    return original.call(this, event, ...args);
  };
}

function isAborted(error: unknown): boolean {
  return isEndReason((error as { cause?: unknown } | null | undefined)?.cause);
}
