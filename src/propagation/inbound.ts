import type { Scope } from '../context/scope/scope.js';
import { privateField } from '../private-field.js';
import { ENABLED_INSTRUMENTATION } from '../private-keys.js';

/**
 * An inbound request, as the propagators see it. A server instrumentation attaches it to the request's headers before
 * any extraction. So each extraction finds the one scope of the request, however often and wherever it happens.
 */
export interface Inbound {
  /** Whether the caller's budget and baggage count. */
  readonly trusted: boolean;
  /**
   * The scope of the request. The first call opens it, the others return it.
   *
   * @param budget what the caller sent, in ms; `undefined`: nothing
   * @param parent the scope of the context that is extracted into, if it has one
   */
  openScope(budget: number | undefined, parent: Scope | undefined): Scope;
}

const attached = privateField<Inbound>();

/** Whether anything was ever attached. Where no instrumentation is on, `extract` need not look. */
let inUse = false;

/** Attaches `inbound` to a request's headers. */
export function attachInbound(headers: object, inbound: Inbound): void {
  inUse = true;
  attached.set(headers, inbound);
}

/** The `Inbound` that this copy of the package has attached to a carrier; `undefined` when there is none. */
export function inboundOf(carrier: unknown): Inbound | undefined {
  return inUse ? attached.get(Object(carrier)) : undefined;
}

/**
 * The DeadlineInstrumentation that is enabled, as the propagators see it. It may be of another copy of this package,
 * whose attachments only that copy can find.
 */
export interface InboundFinder {
  inboundOf(carrier: unknown): Inbound | undefined;
}

const enabled = globalThis as { [ENABLED_INSTRUMENTATION]?: Partial<InboundFinder> };

/**
 * The enabled instrumentation; `undefined` when none is. One of version 0.1.0 cannot be asked, and counts as none: it
 * leaves what is extracted bound.
 */
export function inboundFinder(): InboundFinder | undefined {
  const instrumentation = enabled[ENABLED_INSTRUMENTATION];
  return instrumentation?.inboundOf === undefined ? undefined : (instrumentation as InboundFinder);
}
