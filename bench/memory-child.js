// Prints the bytes that one of so many held things takes: node --expose-gc memory-child.js <kind> <count>
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createContextKey, defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { abortSignal, DeadlinePropagator, remainingTime, withTimeout } from 'opentelemetry-propagator-deadline';
// Not public: the Context that holds a scope, so that the scope can be told apart from it.
import { overlay } from '../dist/esm/context/overlay-context.js';

const BUDGET_MS = 600_000;
const KEY = createContextKey('bench');
const VALUE = {};
const propagator = new DeadlinePropagator();

const contextWithValue = () => overlay(ROOT_CONTEXT, KEY, VALUE);
const extract = () => propagator.extract(ROOT_CONTEXT, { timebudget: String(BUDGET_MS) }, defaultTextMapGetter);

function withSignal(context) {
  abortSignal(context);
  return context;
}

/** Work that is not done yet: its context, and what will settle its promise. */
function pendingIn(context) {
  const work = { context, done: undefined };
  const promise = new Promise((resolve) => {
    work.done = resolve;
  });
  return { work, promise };
}

/** With what anybody pays who is told when the work is done. */
function pendingAndAwaited() {
  const { work, promise } = pendingIn(contextWithValue());
  const settled = () => assert.ok(work);
  promise.then(settled, settled);
  return work;
}

function pendingUnderTimeout(prepare) {
  let work;
  withTimeout(
    BUDGET_MS,
    (context) => {
      const pending = pendingIn(prepare(context));
      work = pending.work;
      return pending.promise;
    },
    ROOT_CONTEXT,
  );
  return work;
}

const hasValue = (context) => context.getValue(KEY) === VALUE;
const hasTime = (context) => remainingTime(context) > 0 && remainingTime(context) <= BUDGET_MS;
const hasSignal = (context) => hasTime(context) && abortSignal(context).aborted === false;

/** Whether a scope that is held is live, and completes with its work. */
async function completes(work, isLive) {
  if (!isLive(work.context)) return false;
  work.done();
  await nextTurn();
  return remainingTime(work.context) === Infinity;
}

/** What is held to keep one alive, and whether it is what it should be. */
const KINDS = {
  'signal-timeout': { make: () => AbortSignal.timeout(BUDGET_MS), isRight: (signal) => !signal.aborted },
  'api-context': { make: () => ROOT_CONTEXT.setValue(KEY, VALUE), isRight: hasValue },
  context: { make: contextWithValue, isRight: hasValue },
  extracted: { make: extract, isRight: hasTime },
  'extracted-signal': { make: () => withSignal(extract()), isRight: hasSignal },
  promise: { make: () => pendingIn(contextWithValue()).work, isRight: ({ context }) => hasValue(context) },
  'promise-then': { make: pendingAndAwaited, isRight: ({ context }) => hasValue(context) },
  timeout: { make: () => pendingUnderTimeout((context) => context), isRight: (work) => completes(work, hasTime) },
  'timeout-signal': { make: () => pendingUnderTimeout(withSignal), isRight: (work) => completes(work, hasSignal) },
};

async function bytesEach({ make, isRight }, count) {
  const held = new Array(count).fill(undefined);
  // The code is compiled and its shapes are known before the heap is looked at.
  for (let i = 0; i < count / 5; i++) make();
  const before = await heapUsed();
  for (let i = 0; i < count; i++) held[i] = make();
  const after = await heapUsed();
  for (const i of [0, count >> 1, count - 1]) assert.ok(await isRight(held[i]), `number ${i} is wrong`);
  return (after - before) / count;
}

/** What is reachable. Collected in turns of its own: what was looked up weakly in a turn lives until its end. */
async function heapUsed() {
  for (let i = 0; i < 3; i++) {
    await nextTurn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

const [kind, count] = process.argv.slice(2);
console.log(await bytesEach(KINDS[kind], Number(count)));
