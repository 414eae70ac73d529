import type { Metadata } from '@grpc/grpc-js';
import { observeInjections } from '../../propagation/injection-observer.js';
import type { Undo } from '../hooks/patch-method.js';

let seen = false;

/** Notices from now on when other code injects into gRPC metadata. */
export function noticeInjections(): Undo {
  const stop = observeInjections((_, carrier) => {
    if (!seen && isMetadata(carrier)) seen = true;
  });
  return () => {
    stop();
    seen = false;
  };
}

/**
 * Whether another instrumentation, or the application, has injected into gRPC metadata. Applications use one `Metadata`
 * for many calls, and interceptors copy it, so from then on any metadata may hold the deadline of an earlier call.
 */
export function othersInject(): boolean {
  return seen;
}

/** By its methods: each copy of grpc-js has a class of its own. */
function isMetadata(carrier: unknown): boolean {
  return typeof (carrier as Partial<Metadata> | null | undefined)?.getMap === 'function';
}
