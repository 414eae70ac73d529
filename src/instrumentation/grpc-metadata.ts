import type { Metadata } from '@grpc/grpc-js';
import { type Context, propagation, type TextMapGetter, type TextMapSetter } from '@opentelemetry/api';
import { inboundOf } from '../context/inbound.js';
import { TIMEBUDGET } from '../propagation/deadline-propagator.js';

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

/** The fields of a call that is made in a context. */
export class OutgoingFields {
  /** The budget that is passed on, in whole ms; `Infinity` when none is. */
  budget = Number.POSITIVE_INFINITY;
  private readonly others: [field: string, value: string][] = [];

  constructor(context: Context) {
    propagation.inject(context, this, SETTER);
  }

  /**
   * The metadata to be sent: `metadata` itself, or a copy, because applications use one object for many calls.
   *
   * Another instrumentation writes the budget into the application's own object, where it stays. So where one is on, a
   * call without a deadline carries none, whatever the object holds; nor does one that is given the metadata of an
   * inbound request. Where none is on, what the object holds is the application's, and goes out as it is.
   */
  appliedTo(metadata: Metadata): Metadata {
    const bound = this.budget !== Number.POSITIVE_INFINITY;
    const stale =
      !bound && metadata.get(TIMEBUDGET).length > 0 && (inboundOf(metadata) !== undefined || othersInject());
    const absent = this.others.filter(([field]) => metadata.get(field).length === 0);
    if (!bound && !stale && absent.length === 0) return metadata;
    const outgoing = metadata.clone();
    if (bound) outgoing.set(TIMEBUDGET, String(this.budget));
    else if (stale) outgoing.remove(TIMEBUDGET);
    for (const [field, value] of absent) outgoing.set(field, value);
    return outgoing;
  }

  /** @internal */
  take(field: string, value: string): void {
    if (field === TIMEBUDGET) this.budget = Number(value);
    else this.others.push([field, value]);
  }
}

const SETTER: TextMapSetter<OutgoingFields> = { set: (fields, field, value) => fields.take(field, value) };
