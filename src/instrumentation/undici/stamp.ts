import type { Context } from '@opentelemetry/api';
import type { DeadlineSetter, DeadlineWriter } from '../../propagation/deadline-setter.js';
import { now } from '../../time/clock.js';
import { inject } from '../hooks/safe-propagation.js';
import type { UndiciRequest } from './call.js';

const STAMP = Symbol('stamped deadline');

/** What a request was told, for as long as it may be told again. */
interface StampedRequest extends UndiciRequest {
  [STAMP]?: { readonly budget: number; readonly writer: DeadlineWriter };
}

/** Writes the fields. Returns the budget that was written, in ms; `Infinity` when none was. */
export function stamp(context: Context, request: StampedRequest): number {
  const { headers } = request;
  let stamped = Number.POSITIVE_INFINITY;
  if (!Array.isArray(headers)) return stamped;
  const others: string[] = [];
  let deadlineFields: string[] = [];
  const setter: DeadlineSetter<StampedRequest> = {
    set(_, field, value) {
      // What is there already, the application or an instrumentation has written.
      if (slotOf(headers, field) !== -1) return;
      request.addHeader(field, value);
      others.push(field);
    },
    // The last word on the deadline is ours.
    setDeadline(_, budget, writer) {
      stamped = budget;
      if (budget === Number.POSITIVE_INFINITY) return;
      deadlineFields = writer.fields();
      for (const field of deadlineFields) remove(headers, field);
      writer.write(budget, request, { set: (_, field, value) => void request.addHeader(field, value) });
      request[STAMP] = { budget, writer };
    },
  };
  inject(context, request, setter);
  if (others.length + deadlineFields.length > 0) expectOthers(request, others, deadlineFields);
  return stamped;
}

/** An instrumentation that comes after us adds its fields: they take the place of ours, but for the deadline. */
function expectOthers(request: UndiciRequest, others: readonly string[], deadlineFields: readonly string[]): void {
  const { addHeader } = request;
  request.addHeader = function addOnce(name, value) {
    const field = name.toLowerCase();
    if (deadlineFields.includes(field)) return this;
    if (others.includes(field)) remove(this.headers, field);
    return addHeader.call(this, name, value);
  };
}

/**
 * Lets the budget of a request that waits for a connection run down: undici reads the headers when it writes them.
 * For those that wait only: an accessor makes the array a slow one.
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
    const get = () => written(writer, field, left());
    Object.defineProperty(headers, slot, { get, enumerable: true, configurable: true });
  }
}

/** What a field says when `ms` are left. */
function written(writer: DeadlineWriter, field: string, ms: number): string {
  let text = '';
  const keep = (_: unknown, name: string, value: string) => {
    if (name === field) text = value;
  };
  writer.write(ms, null, { set: keep });
  return text;
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
