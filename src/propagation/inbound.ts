import type { Scope } from '../context/scope/scope.js';
import { privateField } from '../private-field.js';

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
