import { propagation, ROOT_CONTEXT, type TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { setDeadline } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { DeadlinePropagator } from '../../src/propagation/deadline-propagator.js';
import { probeInjection } from '../../src/propagation/probe-injection.js';
import { useFakeClock } from '../support/fake-clock.js';

useFakeClock();

const ours = new DeadlinePropagator();
const other = new DeadlinePropagator({ reserve: 100 });
const composite = (...propagators: TextMapPropagator[]) => new CompositePropagator({ propagators });
const throwing: TextMapPropagator = {
  inject() {
    throw new Error('not today');
  },
  extract: (context) => context,
  fields: () => [],
};

test.each<[string, TextMapPropagator, DeadlinePropagator[]]>([
  ['ours', ours, [ours]],
  ['a composite with ours', composite(new W3CTraceContextPropagator(), ours), [ours]],
  ['a composite with two of ours', composite(ours, other), [ours, other]],
])('%s: budget and writers', (_, propagator, writers) => {
  const bound = setDeadline(ROOT_CONTEXT, Deadline.after(500));
  expect(probeInjection(ROOT_CONTEXT, propagator)).toEqual({ budget: Number.POSITIVE_INFINITY, writers });
  expect(probeInjection(bound, propagator)).toEqual({ budget: writers.at(-1) === other ? 400 : 500, writers });
});

test.each<[string, TextMapPropagator]>([
  ['a propagator of somebody else', new W3CTraceContextPropagator()],
  ['an empty composite', composite()],
  ['one that throws', throwing],
])('%s: nothing', (_, propagator) => {
  expect(probeInjection(ROOT_CONTEXT, propagator)).toBeUndefined();
});

test('by default it asks the registered propagator', () => {
  expect(probeInjection(ROOT_CONTEXT)).toBeUndefined();
  propagation.setGlobalPropagator(ours);
  expect(probeInjection(ROOT_CONTEXT)?.writers).toEqual([ours]);
  propagation.disable();
});
