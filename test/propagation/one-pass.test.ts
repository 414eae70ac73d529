import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { CompositePropagator, suppressTracing } from '@opentelemetry/core';
import { getDeadline, remainingTime, setDeadline } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { BoundedBaggagePropagator } from '../../src/propagation/baggage/propagator.js';
import { DeadlinePropagator } from '../../src/propagation/deadline-propagator.js';
import { onePass } from '../../src/propagation/one-pass.js';
import { TraceContextPropagator } from '../../src/propagation/trace-context/propagator.js';
import { useFakeClock } from '../support/fake-clock.js';

useFakeClock();

const parts = [new TraceContextPropagator(), new BoundedBaggagePropagator(), new DeadlinePropagator()] as const;
const [traceContext, baggage, deadline] = parts;
const all = onePass(...parts);
/** The reference: the same parts, each of which makes a context of its own. */
const composite = new CompositePropagator({ propagators: [...parts] });

const headers = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'rojo=1,congo=2',
  baggage: 'tenant=acme',
  timebudget: '7984',
};
const FIELDS = Object.keys(headers);

const extract = (propagator: TextMapPropagator, carrier: unknown, context = ROOT_CONTEXT) =>
  propagator.extract(context, carrier, defaultTextMapGetter);

function sent(propagator: TextMapPropagator, context: Context): [string, unknown][] {
  const fields: [string, unknown][] = [];
  propagator.inject(context, {}, { set: (_, field, value) => fields.push([field, value]) });
  return fields;
}

/** What a context says, whoever made it. */
function said(context: Context) {
  const spanContext = trace.getSpanContext(context);
  return {
    ...spanContext,
    traceState: spanContext?.traceState?.serialize(),
    baggage: propagation.getBaggage(context)?.getAllEntries(),
    left: remainingTime(context),
    inherited: getDeadline(context)?.inherited,
  };
}

const subsets = Array.from({ length: 16 }, (_, bits) => FIELDS.filter((_, i) => bits & (1 << i)));
const bad = { traceparent: 'x', tracestate: 'A=', baggage: ';', timebudget: 'soon' };
const before: [string, Context][] = [
  ['the root context', ROOT_CONTEXT],
  ['a context with a value', ROOT_CONTEXT.setValue(Symbol('x'), 1)],
  ['a context with all three', setDeadline(extract(composite, { ...headers, baggage: 'own=1' }), Deadline.after(100))],
  ['a context of its own', extract(all, { ...headers, baggage: 'own=1', timebudget: '100' })],
];

describe.each(before)('into %s', (_, context) => {
  test.each(subsets)('%j %j %j %j: the same as the parts one after the other', (...names) => {
    const good = Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));
    for (const carrier of [good, { ...bad, ...good }, { ...headers, ...bad, ...good }]) {
      const [ours, reference] = [extract(all, carrier, context), extract(composite, carrier, context)];
      expect(said(ours)).toEqual(said(reference));
      expect(ours === context).toBe(reference === context);
      expect(sent(all, ours)).toEqual(sent(composite, reference));
    }
  });
});

test('each header is asked for once, and tracestate only beside a valid traceparent', () => {
  const asked: string[] = [];
  const getter = {
    get: (carrier: Record<string, string>, name: string) => {
      asked.push(name);
      return carrier[name];
    },
    keys: Object.keys,
  };
  all.extract(ROOT_CONTEXT, headers, getter);
  expect(asked).toEqual(['traceparent', 'tracestate', 'baggage', 'timebudget']);
  asked.length = 0;
  all.extract(ROOT_CONTEXT, { ...headers, traceparent: 'x' }, getter);
  expect(asked).toEqual(['traceparent', 'baggage', 'timebudget']);
});

test('each value is looked up once', () => {
  const asked: symbol[] = [];
  const full = extract(all, headers);
  const context: Context = {
    getValue: (key) => {
      asked.push(key);
      return full.getValue(key);
    },
    setValue: () => context,
    deleteValue: () => context,
  };
  expect(sent(all, context).map(([field]) => field)).toEqual(FIELDS);
  expect(asked).toHaveLength(4);
  expect(new Set(asked).size).toBe(4);
});

test('a carrier of which one header throws has the others', () => {
  for (const name of FIELDS) {
    const carrier = Object.defineProperty({ ...headers }, name, {
      get: () => {
        throw new Error('hostile');
      },
    });
    const others = FIELDS.filter((other) => other !== name && !(name === 'traceparent' && other === 'tracestate'));
    expect(sent(all, extract(all, carrier)).map(([field]) => field)).toEqual(others);
  }
});

test('a setter that throws for one header writes the others', () => {
  for (const name of FIELDS) {
    const carrier: Record<string, string> = {};
    all.inject(extract(all, headers), carrier, {
      set: (to, field, value) => {
        if (field === name) throw new Error('hostile');
        to[field] = value;
      },
    });
    const others = FIELDS.filter((other) => other !== name && !(name === 'traceparent' && other === 'tracestate'));
    expect(Object.keys(carrier)).toEqual(others);
  }
});

test('nothing is sent while tracing is suppressed', () => {
  expect(sent(all, suppressTracing(extract(all, headers)))).toEqual([]);
});

test.each<unknown>([
  null,
  5,
  {},
  {
    getValue: () => {
      throw new Error('hostile');
    },
  },
])('a context that is none comes back as it is: %#', (none) => {
  for (const carrier of [headers, bad, {}]) expect(extract(all, carrier, none as Context)).toBe(none);
  expect(sent(all, none as Context)).toEqual([]);
});

test.each<[string, TextMapPropagator, string[]]>([
  ['trace context', onePass(traceContext, undefined, undefined), ['traceparent', 'tracestate']],
  ['baggage', onePass(undefined, baggage, undefined), ['baggage']],
  ['the deadline', onePass(undefined, undefined, deadline), ['timebudget']],
  ['all but baggage', onePass(traceContext, undefined, deadline), ['traceparent', 'tracestate', 'timebudget']],
  ['all', all, FIELDS],
])('%s alone', (_, propagator, fields) => {
  expect(propagator.fields()).toEqual(fields);
  expect(sent(propagator, extract(propagator, headers)).map(([field]) => field)).toEqual(fields);
  expect(sent(propagator, extract(all, headers)).map(([field]) => field)).toEqual(fields);
});

test('it injects into any carrier of the api', () => {
  const carrier = {};
  all.inject(extract(all, headers), carrier, defaultTextMapSetter);
  expect(carrier).toEqual(headers);
});
