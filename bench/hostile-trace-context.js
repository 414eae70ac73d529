import assert from 'node:assert/strict';
import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { TraceContextPropagator } from 'opentelemetry-propagator-deadline';
import { TRACEPARENT } from './headers.js';
import { alternate } from './measure.js';
import { printTable } from './table.js';

const KIB = 1024;
const filled = (part, kib) => part.repeat(Math.ceil((kib * KIB) / part.length)).slice(0, kib * KIB);
const member = (i) => `k${i}=${'v'.repeat(55)}`;

/** @type {Record<string, (kib: number) => string>} The fields by what takes long in them. */
const TRACESTATES = {
  commas: (kib) => filled(',', kib),
  spaces: (kib) => `a=1,${filled(' ', kib)}\u00e9`,
  tabs: (kib) => `${filled('\t', kib)}=`,
  'spaces in a value': (kib) => `a=${filled('x ', kib)}\u007f`,
  'spaces at the end of a value': (kib) => `a=x${filled(' ', kib)}\u007f`,
  'tiny members': (kib) => filled('a=1,', kib),
  'a long key': (kib) => filled('k', kib),
  'a long value': (kib) => `a=${filled('v', kib)}`,
  'large members': (kib) => filled(`${'k'.repeat(60)}=${'v'.repeat(90)},`, kib),
  '31 members, and one that is not grammatical': (kib) =>
    `${Array.from({ length: 31 }, (_, i) => member(i)).join(' \t, ')},${filled(' x', kib)}=`,
  '32 members, and white space': (kib) =>
    `${Array.from({ length: 32 }, (_, i) => member(i)).join(',')}${filled(' ', kib)}`,
};

/** @type {Record<string, (kib: number) => string>} */
const TRACEPARENTS = {
  spaces: (kib) => filled(' ', kib),
  'spaces behind': (kib) => `${TRACEPARENT}${filled(' ', kib)}x`,
  'a later version with more fields': (kib) => `cc${TRACEPARENT.slice(2)}-${filled('x', kib)}`,
  zeros: (kib) => filled('0', kib),
};

/** Hostile headers: extracted, and injected into one call. */
export async function hostileTraceContext(effort) {
  const propagator = new TraceContextPropagator();
  const pass = (headers) => {
    const outgoing = {};
    propagator.inject(propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter), outgoing, defaultTextMapSetter);
    return outgoing;
  };
  const subjects = {};
  const add = (name, headers) => {
    assert.ok((pass(headers).tracestate ?? '').length <= 512, name);
    subjects[name] = () => pass(headers);
  };
  add('valid', { traceparent: TRACEPARENT, tracestate: Array.from({ length: 8 }, (_, i) => member(i)).join(',') });
  for (const kib of [1, 2, 16, 1024]) {
    for (const [name, field] of Object.entries(TRACESTATES)) {
      add(`tracestate: ${name}, ${kib} KiB`, { traceparent: TRACEPARENT, tracestate: field(kib) });
    }
    for (const [name, field] of Object.entries(TRACEPARENTS)) {
      add(`traceparent: ${name}, ${kib} KiB`, { traceparent: field(kib) });
    }
  }
  const lines = Array.from({ length: 100_000 }, () => 'a=1');
  add('tracestate: 100,000 lines', { traceparent: TRACEPARENT, tracestate: lines });
  const ns = await alternate(subjects, effort);
  const rows = Object.entries(ns)
    .sort(([, a], [, b]) => b - a)
    .map(([name, each]) => [name, (each / 1000).toFixed(1)]);
  printTable('hostile trace context, extracted and injected: microseconds, slowest first', ['', 'us'], rows);
}
