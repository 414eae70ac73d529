import type { Metadata } from '@grpc/grpc-js';
import { type Context, diag, type TextMapGetter } from '@opentelemetry/api';
import type { DeadlineSetter, ReadingSetter } from '../../propagation/deadline-setter.js';
import { GRPC_TIMEOUT, readGrpcTimeout } from '../../propagation/grpc-timeout-field.js';
import { inboundOf } from '../../propagation/inbound.js';
import { inject } from '../hooks/safe-propagation.js';
import { untrustedFields } from '../inbound/untrusted-fields.js';
import { othersInject } from './others-injection.js';

export const METADATA_GETTER: TextMapGetter<Metadata> = {
  get: (metadata, key) => metadata.get(key).map(String),
  keys: (metadata) => Object.keys(metadata.getMap()),
};

/** Takes out what an untrusted caller must not say, because applications copy metadata into the calls that they make. */
export function removeUntrusted(metadata: Metadata): void {
  for (const field of untrustedFields()) metadata.remove(field);
}

/** The ms in the `grpc-timeout` that an application has written itself; `Infinity` when it has not. */
export function ownTimeout(metadata: Metadata): number {
  const [value] = metadata.get(GRPC_TIMEOUT);
  return value === undefined ? Number.POSITIVE_INFINITY : readGrpcTimeout(String(value));
}

/** Metadata with the fields of a context. */
export interface StampedMetadata {
  readonly metadata: Metadata;
  /** The budget that was stamped, in whole ms; `Infinity` when none was. */
  readonly budget: number;
}

/**
 * Writes the fields of `context`: into a copy of `metadata`, because applications use one object for many calls.
 *
 * Another instrumentation writes the deadline into the application's own object, where it stays. So where one is at
 * work, a call without a deadline carries no deadline, whatever the object holds. The same holds for a call that is given
 * the metadata of an inbound request. Elsewhere what the object holds is the application's, and goes out unchanged.
 *
 * @returns with `metadata` itself where there is nothing to change
 */
export function stampMetadata(metadata: Metadata, context: Context): StampedMetadata {
  const isForeign = inboundOf(metadata) !== undefined || othersInject();
  const fields = new Fields(isForeign ? undefined : metadata);
  inject(context, fields, SETTER);
  const { budget } = fields;
  const bound = budget !== Number.POSITIVE_INFINITY;
  const replaced = bound || isForeign;
  const stale = replaced ? fields.deadlineFields.filter((field) => metadata.get(field).length > 0) : [];
  const absent = fields.others.filter(([field]) => metadata.get(field).length === 0);
  if (!bound && stale.length === 0 && absent.length === 0) return { metadata, budget };
  const stamped = metadata.clone();
  for (const field of stale) stamped.remove(field);
  for (const [field, value] of fields.deadline) setField(stamped, field, value);
  for (const [field, value] of absent) setField(stamped, field, value);
  return { metadata: stamped, budget };
}

/** What a propagator writes for a call. */
class Fields {
  budget = Number.POSITIVE_INFINITY;
  /** All fields that a deadline is written to. */
  deadlineFields: readonly string[] = [];
  readonly deadline: [field: string, value: string][] = [];
  readonly others: [field: string, value: string][] = [];

  /** @param own the metadata of the call, where only the application has written into it */
  constructor(readonly own: Metadata | undefined) {}
}

const SETTER: DeadlineSetter<Fields> = {
  set: (fields, field, value) => void fields.others.push([field, value]),
  setDeadline(fields, budget, writer) {
    fields.budget = budget;
    fields.deadlineFields = writer.fields();
    if (budget !== Number.POSITIVE_INFINITY) writer.write(budget, fields, DEADLINE_SETTER as ReadingSetter);
  },
};

const DEADLINE_SETTER: ReadingSetter<Fields> = {
  get: (fields, field) => fields.own?.get(field).map(String),
  set(fields, field, value) {
    // grpc-js writes `grpc-timeout` itself, from the call's deadline.
    if (field !== GRPC_TIMEOUT) fields.deadline.push([field, value]);
  },
};

/** A propagator may write text that metadata can't hold. */
function setField(metadata: Metadata, field: string, value: string): void {
  try {
    metadata.set(field, value);
  } catch (error) {
    diag.error(`a gRPC call goes out without the field ${field}`, error);
  }
}
