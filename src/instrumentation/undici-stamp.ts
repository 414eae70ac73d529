import { type Context, propagation } from '@opentelemetry/api';
import { now } from '../clock.js';
import { TIMEBUDGET } from '../propagation/deadline-propagator.js';
import type { UndiciRequest } from './undici-request.js';

/** Writes the fields. Returns the budget that was written, in ms; `Infinity` when none was. */
export function stamp(context: Context, request: UndiciRequest): number {
  const { headers } = request;
  let budget = Number.POSITIVE_INFINITY;
  if (!Array.isArray(headers)) return budget;
  const written: string[] = [];
  propagation.inject(context, request, {
    set(_, field, value) {
      if (field === TIMEBUDGET) {
        // The last word on the budget is ours; what else is there, the application or an instrumentation has written.
        remove(headers, field);
        budget = Number(value);
      } else if (slotOf(headers, field) !== -1) return;
      request.addHeader(field, value);
      written.push(field);
    },
  });
  if (written.length > 0) expectOthers(request, written);
  return budget;
}

/** The budget that a call would be told now, in ms; `Infinity`: none. */
export function budgetToTell(context: Context): number {
  let budget = Number.POSITIVE_INFINITY;
  propagation.inject(context, null, {
    set(_, field, value) {
      if (field === TIMEBUDGET) budget = Number(value);
    },
  });
  return budget;
}

/** An instrumentation that comes after us adds its fields: they take the place of ours, but for the budget. */
function expectOthers(request: UndiciRequest, written: readonly string[]): void {
  const { addHeader } = request;
  request.addHeader = function addOnce(name, value) {
    const field = name.toLowerCase();
    if (!written.includes(field)) return addHeader.call(this, name, value);
    if (field === TIMEBUDGET) return this;
    remove(this.headers, field);
    return addHeader.call(this, name, value);
  };
}

/**
 * Lets the budget of a request that waits for a connection run down: undici reads the headers when it writes them.
 * For those that wait only: an accessor makes the array a slow one.
 */
export function countDown({ headers }: UndiciRequest): void {
  const slot = Array.isArray(headers) ? slotOf(headers, TIMEBUDGET) + 1 : 0;
  if (slot === 0) return;
  const budget = Number(headers[slot]);
  const start = now();
  const get = () => {
    const waited = now() - start;
    // Rounding down once more would take a millisecond from a call that has hardly waited.
    return String(waited < 1 ? budget : Math.max(Math.floor(budget - waited), 0));
  };
  Object.defineProperty(headers, slot, { get, enumerable: true, configurable: true });
}

function remove(headers: string[], field: string): void {
  for (let slot = slotOf(headers, field); slot !== -1; slot = slotOf(headers, field)) headers.splice(slot, 2);
}

/** Where the name of a field is; -1: nowhere. */
function slotOf(headers: readonly string[], field: string): number {
  for (let slot = headers.length - 2; slot >= 0; slot -= 2) {
    const name = headers[slot];
    if (name === field || (name?.length === field.length && name.toLowerCase() === field)) return slot;
  }
  return -1;
}
