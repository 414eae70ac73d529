import type { Metadata } from '@grpc/grpc-js';
import { type Context, diag, type TextMapGetter } from '@opentelemetry/api';
import type { DeadlineSetter, DeadlineWriter } from '../../propagation/deadline-setter.js';
import { GRPC_TIMEOUT, readGrpcTimeout } from '../../propagation/grpc-timeout-field.js';
import { inboundOf } from '../../propagation/inbound.js';
import { inject } from '../hooks/safe-propagation.js';
import { untrustedFields } from '../inbound/untrusted-fields.js';

export const METADATA_GETTER: TextMapGetter<Metadata> = {
  get: (metadata, key) => metadata.get(key).map(String),
  keys: (metadata) => Object.keys(metadata.getMap()),
};

interface ClientClass {
  readonly prototype: { readonly makeUnaryRequest: object };
}

/** The classes whose methods another instrumentation wraps when it injects. */
const clientClasses = new Set<ClientClass>();

/** Says where it is seen whether somebody else injects. Returns what undoes it. */
export function watchForInjection(clientClass: object): () => void {
  clientClasses.add(clientClass as ClientClass);
  return () => void clientClasses.delete(clientClass as ClientClass);
}

function othersInject(): boolean {
  for (const { prototype } of clientClasses) if ('__wrapped' in prototype.makeUnaryRequest) return true;
  return false;
}

/** Takes out what an untrusted caller must not say, because applications copy metadata into the calls that they make. */
export function removeUntrusted(metadata: Metadata): void {
  for (const field of untrustedFields()) metadata.remove(field);
}

/** The ms in the `grpc-timeout` that an application has written itself; `Infinity` when it has not. */
export function ownTimeout(metadata: Metadata): number {
  const [value] = metadata.get(GRPC_TIMEOUT);
  return value === undefined ? Number.POSITIVE_INFINITY : readGrpcTimeout(String(value));
}

/** The fields of a call that is made in a context. */
export class OutgoingFields {
  /** The budget that is passed on, in whole ms; `Infinity` when none is. */
  budget = Number.POSITIVE_INFINITY;
  /** All fields that a deadline is written to. */
  private deadlineFields: readonly string[] = [];
  private readonly deadline: [field: string, value: string][] = [];
  private readonly others: [field: string, value: string][] = [];

  constructor(context: Context) {
    inject(context, this, SETTER);
  }

  /**
   * The metadata to be sent: `metadata` itself, or a copy, because applications use one object for many calls.
   *
   * Another instrumentation writes the deadline into the application's own object, where it stays. So where one is on, a
   * call without a deadline carries none, whatever the object holds; nor does one that is given the metadata of an
   * inbound request. Where none is on, what the object holds is the application's, and goes out as it is.
   */
  appliedTo(metadata: Metadata): Metadata {
    const bound = this.budget !== Number.POSITIVE_INFINITY;
    const replaced = bound || inboundOf(metadata) !== undefined || othersInject();
    const stale = replaced ? this.deadlineFields.filter((field) => metadata.get(field).length > 0) : [];
    const absent = this.others.filter(([field]) => metadata.get(field).length === 0);
    if (!bound && stale.length === 0 && absent.length === 0) return metadata;
    const outgoing = metadata.clone();
    for (const field of stale) outgoing.remove(field);
    for (const [field, value] of [...this.deadline, ...absent]) setField(outgoing, field, value);
    return outgoing;
  }

  /** @internal */
  take(field: string, value: string): void {
    this.others.push([field, value]);
  }

  /** @internal */
  takeDeadline(budget: number, writer: DeadlineWriter): void {
    this.budget = budget;
    this.deadlineFields = writer.fields();
    if (budget === Number.POSITIVE_INFINITY) return;
    writer.write(budget, null, {
      set: (_, field, value) => void (field === GRPC_TIMEOUT || this.deadline.push([field, value])),
    });
  }
}

const SETTER: DeadlineSetter<OutgoingFields> = {
  set: (fields, field, value) => fields.take(field, value),
  setDeadline: (fields, budget, writer) => fields.takeDeadline(budget, writer),
};

/** What a propagator writes may be no text that metadata can hold. */
function setField(metadata: Metadata, field: string, value: string): void {
  try {
    metadata.set(field, value);
  } catch (error) {
    diag.error(`a gRPC call goes out without the field ${field}`, error);
  }
}
