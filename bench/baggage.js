import assert from 'node:assert/strict';
import { defaultTextMapGetter, defaultTextMapSetter, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import { BoundedBaggagePropagator } from 'opentelemetry-propagator-deadline';
import { baggageField } from './headers.js';
import { HOSTILE_SHAPES, hostileField, VALID_FIELD } from './hostile-baggage.js';
import { alternate } from './measure.js';
import { printTable } from './table.js';

/** The work of a service with the baggage that it received. */
const USES = {
  'reads one entry': (context) => {
    assert.equal(propagation.getBaggage(context).getEntry('user_id').value, 'u-4711');
    return context;
  },
  'reads all, changes one': (context) => {
    const baggage = propagation.getBaggage(context);
    for (const [, { value }] of baggage.getAllEntries()) assert.notEqual(value, '');
    return propagation.setBaggage(context, baggage.setEntry('user_id', { value: 'u-4712' }));
  },
};

/** A hop of the baggage alone. The service uses its entries. */
export async function baggageUse(effort) {
  const propagators = { core: new W3CBaggagePropagator(), our: new BoundedBaggagePropagator() };
  const rows = [];
  for (const [use, handle] of Object.entries(USES)) {
    for (const entries of [3, 10, 64]) {
      const headers = { baggage: baggageField(entries) };
      const hops = Object.fromEntries(
        Object.entries(propagators).map(([name, propagator]) => [
          name,
          () => {
            const outgoing = {};
            const context = handle(propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter));
            propagator.inject(context, outgoing, defaultTextMapSetter);
            return outgoing;
          },
        ]),
      );
      const ns = await alternate(hops, effort);
      assert.deepEqual(hops.our(), hops.core());
      rows.push([
        `${use}, ${entries}`,
        ...[ns.core, ns.our].map((each) => String(Math.round(each))),
        (ns.our / ns.core).toFixed(2),
      ]);
    }
  }
  printTable('baggage in use, one hop: ns', ['', 'core', 'our', 'ratio'], rows);
}

/**
 * Hostile headers, which take long to read: extracted, then read entry by entry; and long entries, injected. Our
 * propagator only.
 */
export async function hostileBaggage(effort) {
  const propagator = new BoundedBaggagePropagator();
  const read = (baggage) => {
    const received = propagation.getBaggage(propagator.extract(ROOT_CONTEXT, { baggage }, defaultTextMapGetter));
    let length = 0;
    for (const [key] of received?.getAllEntries() ?? []) length += received.getEntry(key).value.length;
    return length;
  };
  assert.ok(read(VALID_FIELD) > 0);
  const subjects = { 'valid, 8 KiB': () => read(VALID_FIELD) };
  for (const shape of Object.keys(HOSTILE_SHAPES)) {
    for (const kib of [8, 16, 1024]) {
      const field = hostileField(shape, kib * 1024);
      assert.ok(read(field) <= 8192);
      subjects[`${shape}, ${kib} KiB`] = () => read(field);
    }
  }
  for (const [what, part] of Object.entries({ ASCII: 'x', 'to be encoded': '\u00e9' })) {
    const baggage = propagation.createBaggage({ long: { value: part.repeat(1024 * 1024) }, short: { value: 'x' } });
    const context = propagation.setBaggage(ROOT_CONTEXT, baggage);
    subjects[`injected: a value of 1024 KiB, ${what}`] = () => {
      const headers = {};
      propagator.inject(context, headers, defaultTextMapSetter);
      assert.equal(headers.baggage, 'short=x');
    };
  }
  const ns = await alternate(subjects, effort);
  const valid = ns['valid, 8 KiB'];
  const rows = Object.entries(ns)
    .sort(([, a], [, b]) => b - a)
    .map(([name, each]) => [name, (each / 1000).toFixed(1), (each / valid).toFixed(2)]);
  printTable('hostile baggage, extracted and read: microseconds, slowest first', ['', 'us', '/ valid'], rows);
}
