import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT } from '@opentelemetry/api';
import fc from 'fast-check';
import { getDeadline, remainingTime, setDeadline } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { type DeadlineEvent, listen } from '../../src/events.js';
import { createPropagator } from '../../src/propagation/create-propagator.js';
import { DeadlinePropagator } from '../../src/propagation/deadline-propagator.js';
import { timebudget as format } from '../../src/wire/formats/timebudget.js';
import { advance, useFakeClock } from '../support/fake-clock.js';

useFakeClock();

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withNullPrototype: true,
  withSparseArray: true,
});
/** What a getter may return for the field. */
const value = fc.oneof(
  anything,
  fc.string(),
  fc.nat().map(String),
  fc.array(fc.oneof(fc.string(), fc.nat().map(String), anything), { maxLength: 12 }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);
const carrier = fc.oneof(
  value.map((timebudget) => ({ timebudget })),
  value.map((timebudget) => Object.freeze(Object.assign(Object.create(null), { timebudget }))),
  anything,
);
const reserve = fc.oneof(
  fc.double({ min: 0, max: 0.999, noNaN: true }),
  fc.double({ min: 5, max: 10_000, noNaN: true }),
);

test('whatever the carrier holds: no exception, and a deadline or the context as it was', () => {
  const events: DeadlineEvent[] = [];
  const stopListening = listen((event) => events.push(event));
  const propagator = new DeadlinePropagator();
  fc.assert(
    fc.property(carrier, (carrier) => {
      events.length = 0;
      const context = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
      const deadline = getDeadline(context);
      if (deadline === undefined) expect(context).toBe(ROOT_CONTEXT);
      else expect(deadline.inherited && Number.isInteger(deadline.budget)).toBe(true);
      expect(events.length).toBeLessThanOrEqual(deadline === undefined ? 1 : 0);
    }),
    { numRuns: 1000 },
  );
  stopListening();
});

test('text that is there is read, or counted as malformed once', () => {
  const events: DeadlineEvent[] = [];
  const stopListening = listen((event) => events.push(event));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.nat().map(String)), (timebudget) => {
      events.length = 0;
      const context = new DeadlinePropagator().extract(ROOT_CONTEXT, { timebudget }, defaultTextMapGetter);
      const budget = format.parse(timebudget, Date);
      expect(remainingTime(context)).toBe(budget ?? Number.POSITIVE_INFINITY);
      expect(events).toHaveLength(budget === null ? 1 : 0);
    }),
  );
  stopListening();
});

test('the composite does not throw either, whatever the carrier', () => {
  const propagator = createPropagator();
  fc.assert(
    fc.property(carrier, (carrier) => {
      const context = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
      propagator.inject(context, carrier, defaultTextMapSetter);
    }),
  );
});

test('a setter that throws or a carrier that cannot be written to: no exception', () => {
  const bound = setDeadline(ROOT_CONTEXT, Deadline.after(1000));
  fc.assert(
    fc.property(anything, fc.func(anything), anything, (carrier, set, error) => {
      const propagator = new DeadlinePropagator();
      propagator.inject(bound, carrier, defaultTextMapSetter);
      propagator.inject(bound, carrier, { set: set as () => void });
      propagator.inject(bound, carrier, {
        set: () => {
          throw error;
        },
      });
    }),
  );
});

test('what is passed on is at most what is left, and at least a millisecond of a millisecond', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), reserve, (left, reserve) => {
      const carrier: { timebudget?: string } = {};
      const context = setDeadline(ROOT_CONTEXT, Deadline.after(left));
      new DeadlinePropagator({ reserve }).inject(context, carrier, defaultTextMapSetter);
      const passedOn = Number(carrier.timebudget);
      const kept = reserve < 1 ? left * reserve : reserve;
      expect(passedOn).toBe(Math.floor(Math.max(Math.min(left, 1), left - kept)));
      expect(passedOn).toBeLessThanOrEqual(left);
      if (left >= 1) expect(passedOn).toBeGreaterThanOrEqual(1);
    }),
  );
});

test('from hop to hop the time that is left falls by at least what was spent, and never grows', () => {
  const hop = fc.record({
    spent: fc.nat({ max: 2000 }),
    own: fc.option(fc.nat({ max: 20_000 })),
    reserve,
    maxBudget: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat({ max: 20_000 })),
  });
  fc.assert(
    fc.property(fc.double({ min: 0, max: 10_000, noNaN: true }), fc.array(hop, { maxLength: 10 }), (ms, hops) => {
      let context = setDeadline(ROOT_CONTEXT, Deadline.after(ms));
      let left = remainingTime(context);
      for (const { spent, own, reserve, maxBudget } of hops) {
        const propagator = new DeadlinePropagator({ reserve, maxBudget });
        if (own !== null) context = setDeadline(context, Deadline.after(own));
        advance(spent);
        const carrier = {};
        propagator.inject(context, carrier, defaultTextMapSetter);
        context = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
        const now = remainingTime(context);
        // The clock has doubles for instants: a sum of them may be off in the last digit.
        expect(now).toBeLessThanOrEqual(Math.max(left - spent, 0) + 1e-6);
        left = now;
      }
    }),
  );
});
