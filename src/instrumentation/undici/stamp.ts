import type { Context } from '@opentelemetry/api';
import { STAMP } from '../../private-keys.js';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { DeadlineSetter, DeadlineWriter } from '../../propagation/deadline-setter.js';
import { type PossibleRpc, withRpcTimeout } from '../../propagation/rpc-timeout.js';
import { now } from '../../time/clock.js';
import { inject } from '../hooks/safe-propagation.js';
import { isSharedCall } from '../outbound/call-context.js';
import type { UndiciRequest } from './call.js';

/** The stamp is kept for a request that waits for a connection. */
interface StampedRequest extends UndiciRequest {
  [STAMP]?: { readonly budget: number; readonly writer: DeadlineWriter };
}

/** Writes the fields of `context` into a request. Returns the budget that was stamped, in ms; `Infinity` when none was. */
export function stampRequest(request: StampedRequest, context: Context): number {
  const { headers } = request;
  let stamped = Number.POSITIVE_INFINITY;
  if (!Array.isArray(headers)) return stamped;
  const others: string[] = [];
  let deadlineFields: string[] = [];
  const setter: DeadlineSetter<StampedRequest> = {
    set(_, field, value) {
      // A field that is there already was written by the application or another instrumentation.
      if (slotOf(headers, field) !== -1) return;
      request.addHeader(field, value);
      others.push(field);
    },
    // Our deadline replaces one that the application has written, unless that is shorter.
    setDeadline(_, budget, registered) {
      stamped = budget;
      if (budget === Number.POSITIVE_INFINITY) {
        if (!isSharedCall(context)) return;
        // Another instrumentation may have written the budget of the request that happens to make the call, or may do so.
        deadlineFields = registered.fields();
        remove(headers, TIMEBUDGET);
        return;
      }
      const writer = withRpcTimeout(registered, rpcOf(request));
      deadlineFields = writer.fields();
      writer.write(budget, request, {
        get: (_, field) => valuesOf(headers, field),
        set(_, field, value) {
          remove(headers, field);
          addOwn(request, field, value);
        },
      });
      request[STAMP] = { budget, writer };
    },
  };
  inject(context, request, setter);
  if (others.length + deadlineFields.length > 0) replaceOthers(request, others, deadlineFields);
  return stamped;
}

/**
 * Adds a field past {@link replaceOthers}: another copy of this package, which a test runner has loaded for an earlier test
 * file and no code has disabled, may have stamped the request before, and keeps others from adding a deadline.
 */
function addOwn(request: UndiciRequest, field: string, value: string): void {
  const { addHeader = request.addHeader } = Object.getPrototypeOf(request) as Partial<UndiciRequest>;
  addHeader.call(request, field, value);
}

/**
 * Lets the fields that another instrumentation adds after us replace ours, except the deadline.
 *
 * WORKAROUND @opentelemetry/instrumentation-undici >=0.1: it adds fields to a request that has them already, so that each is
 * sent twice (https://github.com/open-telemetry/opentelemetry-js-contrib/issues/3711); remove when it sets them.
 */
function replaceOthers(request: UndiciRequest, others: readonly string[], deadlineFields: readonly string[]): void {
  const { addHeader } = request;
  request.addHeader = function addOnce(name, value) {
    const field = name.toLowerCase();
    if (deadlineFields.includes(field)) return this;
    if (others.includes(field)) remove(this.headers, field);
    return addHeader.call(this, name, value);
  };
}

/**
 * Lets the stamped budget of a request run down while the request waits for a connection. Only for requests that wait,
 * because an accessor makes the array of headers a slow one.
 *
 * WORKAROUND undici >=6: a request can't be changed in the moment in which it is written, but undici reads the array of its
 * headers only then (no issue known); remove when a channel is published before the headers are written that may add some.
 */
export function countDown(request: StampedRequest): void {
  const { headers, [STAMP]: stamped } = request;
  if (stamped === undefined) return;
  const { budget, writer } = stamped;
  const start = now();
  const left = () => {
    const waited = now() - start;
    // Rounding down once more would take a millisecond from a call that has hardly waited.
    return waited < 1 ? budget : Math.max(Math.floor(budget - waited), 0);
  };
  for (const field of writer.fields()) {
    const slot = slotOf(headers, field) + 1;
    if (slot === 0) continue;
    const stamp = headers[slot];
    const get = () => format(writer, field, left(), stamp);
    Object.defineProperty(headers, slot, { get, enumerable: true, configurable: true });
  }
}

/** The text of a field when `ms` are left. `stamp` was its text at first, which may be a shorter limit of other code. */
function format(writer: DeadlineWriter, field: string, ms: number, stamp: string | undefined): string {
  let text = '';
  writer.write(ms, null, {
    get: (_, name) => (name === field ? stamp : undefined),
    set(_, name, value) {
      if (name === field) text = value;
    },
  });
  return text;
}

/** What tells whether a call is one of Connect, gRPC or gRPC-Web. */
function rpcOf({ headers, path = '' }: UndiciRequest): PossibleRpc {
  return { field: (name) => valuesOf(headers, name).at(-1) ?? '', path };
}

function remove(headers: string[], field: string): void {
  for (let slot = slotOf(headers, field); slot !== -1; slot = slotOf(headers, field)) headers.splice(slot, 2);
}

/** The values of a field, one for each time that it stands there. */
function valuesOf(headers: readonly string[], field: string): string[] {
  const values: string[] = [];
  for (let slot = 0; slot + 1 < headers.length; slot += 2) {
    if (headers[slot]?.toLowerCase() === field) values.push(String(headers[slot + 1]));
  }
  return values;
}

/** The index of a field's name; -1 when the field is absent. */
function slotOf(headers: readonly string[], field: string): number {
  for (let slot = headers.length - 2; slot >= 0; slot -= 2) {
    const name = headers[slot];
    if (name === field || (name?.length === field.length && name.toLowerCase() === field)) return slot;
  }
  return -1;
}
