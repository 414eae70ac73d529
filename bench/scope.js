import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { context, defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { abortSignal, DeadlinePropagator, remainingTime, withTimeout } from 'opentelemetry-propagator-deadline';
import { alternate } from './measure.js';
import { printTable } from './table.js';

const BUDGET_MS = 600_000;

/** @param {import('./measure.js').Effort} effort */
export async function scope(effort) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  try {
    const ns = { ...(await alternate(FRESH, effort)), ...(await underDeadline(() => alternate(SAME, effort))) };
    await check();
    printTable(
      'scope: ns',
      ['', 'ns'],
      Object.entries(ns).map(([name, time]) => [name, String(Math.round(time))]),
    );
  } finally {
    context.disable();
  }
}

const propagator = new DeadlinePropagator();
const headers = { timebudget: String(BUDGET_MS) };
const extract = () => propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
const underDeadline = (fn) => context.with(extract(), fn);
const answer = () => 42;

/** Each call makes a scope, a signal or a timer. */
const FRESH = {
  'context.with(root, fn)': () => context.with(ROOT_CONTEXT, answer),
  'withTimeout(ms, fn)': () => withTimeout(BUDGET_MS, answer),
  'withTimeout(ms, fn), abortSignal in fn': () => withTimeout(BUDGET_MS, abortSignal),
  extract: extract,
  'extract, abortSignal': () => abortSignal(extract()),
  'AbortController, setTimeout, clearTimeout': byHand,
  'AbortSignal.timeout(ms)': () => AbortSignal.timeout(BUDGET_MS),
};

/** Each call asks the active context, which has a deadline. */
const SAME = {
  'remainingTime()': () => remainingTime(),
  'abortSignal(), the second time': () => abortSignal(),
};

/** The code that `withTimeout` and `abortSignal` replace. It inherits no deadline and propagates none. */
function byHand() {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), BUDGET_MS);
  clearTimeout(timer);
  return controller.signal;
}

/** Checks the results of the timed code, after it was compiled. */
async function check() {
  assert.equal(FRESH['withTimeout(ms, fn)'](), 42);
  const inside = withTimeout(1000, (narrowed) => ({ active: remainingTime(), given: remainingTime(narrowed) }));
  for (const left of Object.values(inside)) assert.ok(left > 0 && left <= 1000, `left: ${left}`);
  for (const name of ['withTimeout(ms, fn), abortSignal in fn', 'extract, abortSignal']) {
    const signal = FRESH[name]();
    assert.ok(signal instanceof AbortSignal && !signal.aborted, name);
    assert.notEqual(FRESH[name](), signal, name);
  }
  await underDeadline(async () => {
    const left = SAME['remainingTime()']();
    assert.ok(left > 0 && left <= BUDGET_MS, `left: ${left}`);
    assert.equal(SAME['abortSignal(), the second time'](), abortSignal());
    const { code } = await withTimeout(5, aborted);
    assert.equal(code, 'DEADLINE_EXCEEDED');
  });
}

/**
 * The reason with which the active signal aborts. Timers of deadlines don't keep a process alive; the timer here does.
 */
async function aborted() {
  const signal = abortSignal();
  // On a busy machine the deadline may have passed by now.
  if (signal.aborted) return signal.reason;
  const late = new AbortController();
  const timeout = delay(5_000, undefined, { signal: late.signal });
  await Promise.race([once(signal, 'abort'), timeout.then(() => assert.fail('no abort'))]);
  late.abort();
  await timeout.catch(() => {});
  return signal.reason;
}
