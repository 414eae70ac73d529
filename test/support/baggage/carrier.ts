import {
  type Baggage,
  baggageEntryMetadataFromString,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
} from '@opentelemetry/api';

/** A key, its value, and metadata if it has any. */
export type Entry = readonly [key: string, value: string, metadata?: string];

/** The context that the propagator makes of a carrier whose field holds `field`: a line, several, or nonsense. */
export function extract(propagator: TextMapPropagator, field: unknown, context: Context = ROOT_CONTEXT): Context {
  return propagator.extract(context, { baggage: field }, defaultTextMapGetter);
}

/** The baggage that the propagator reads; the api's empty one when it reads none. */
export function received(propagator: TextMapPropagator, field: unknown, context?: Context): Baggage {
  return propagation.getBaggage(extract(propagator, field, context)) ?? propagation.createBaggage();
}

/** The field that the propagator writes for `baggage`; `undefined` when it writes none. */
export function sent(propagator: TextMapPropagator, baggage: Baggage): string | undefined {
  const carrier: { baggage?: string } = {};
  propagator.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), carrier, defaultTextMapSetter);
  return carrier.baggage;
}

/** What is sent on of a field by a hop that doesn't touch it. */
export function forwarded(propagator: TextMapPropagator, field: unknown): string | undefined {
  return sent(propagator, received(propagator, field));
}

/** The api's own baggage. Entry by entry: `createBaggage` takes an object, which reorders keys and swallows some. */
export function baggageOf(...entries: readonly Entry[]): Baggage {
  return entries.reduce(
    (baggage, [key, value, metadata]) =>
      baggage.setEntry(key, metadata === undefined ? { value } : { value, metadata: metadataOf(metadata) }),
    propagation.createBaggage(),
  );
}

export function metadataOf(text: string) {
  return baggageEntryMetadataFromString(text);
}

/** The entries as plain text. */
export function entriesOf(baggage: Baggage): Entry[] {
  return baggage
    .getAllEntries()
    .map(([key, { value, metadata }]) => (metadata === undefined ? [key, value] : [key, value, String(metadata)]));
}

export function keysOf(baggage: Baggage): string[] {
  return baggage.getAllEntries().map(([key]) => key);
}

/** A member of exactly `bytes` bytes. */
export function member(key: string, bytes: number): string {
  return `${key}=`.padEnd(bytes, 'x');
}

/** A field of `count` members, k0 to the last, which is as long as it takes to make `bytes` bytes of the whole. */
export function fieldOf(count: number, bytes: number): string {
  const short = Array.from({ length: count - 1 }, (_, i) => `k${i}=x,`).join('');
  return short + member(`k${count - 1}`, bytes - short.length);
}

/** The keys of a field, in order. */
export function sentKeys(field: string | undefined): string[] {
  return field === undefined ? [] : field.split(',').map((text) => text.slice(0, text.indexOf('=')).trim());
}
