// Prints the bytes that one of <count> objects takes: node --expose-gc memory-child.js <kind> <count>
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { abortSignal, DeadlinePropagator, remainingTime, withTimeout } from 'opentelemetry-propagator-deadline';
// Not public: the Context that holds a scope, to subtract its bytes from those of the scope.
import { overlay } from '../dist/esm/context/overlay-context.js';
import { SCOPE_KEY } from '../dist/esm/context/scope/key.js';

const BUDGET_MS = 600_000;
const VALUE = {};
const propagator = new DeadlinePropagator();

const contextWithValue = () => overlay(ROOT_CONTEXT, undefined, undefined, VALUE);
const extract = () => propagator.extract(ROOT_CONTEXT, { timebudget: String(BUDGET_MS) }, defaultTextMapGetter);

function withSignal(context) {
  abortSignal(context);
  return context;
}

/** Work that is not done yet: its context, and the function that settles its promise. */
function pendingIn(context) {
  const work = { context, done: undefined };
  const promise = new Promise((resolve) => {
    work.done = resolve;
  });
  return { work, promise };
}

/** The same with a callback on the promise, whose bytes every observer of the work has to pay. */
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

const hasValue = (context) => context.getValue(SCOPE_KEY) === VALUE;
const hasTime = (context) => remainingTime(context) > 0 && remainingTime(context) <= BUDGET_MS;
const hasSignal = (context) => hasTime(context) && abortSignal(context).aborted === false;

/** Whether a scope that is held is live, and completes with its work. */
async function completes(work, isLive) {
  if (!isLive(work.context)) return false;
  work.done();
  await nextTurn();
  return remainingTime(work.context) === Infinity;
}

/** By kind: makes an object that is then held, and checks that the object is right. */
const KINDS = {
  'signal-timeout': { make: () => AbortSignal.timeout(BUDGET_MS), isRight: (signal) => !signal.aborted },
  'api-context': { make: () => ROOT_CONTEXT.setValue(SCOPE_KEY, VALUE), isRight: hasValue },
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
  // Compiles the code and makes its hidden classes before the heap is measured.
  for (let i = 0; i < count / 5; i++) make();
  const before = await heapUsed();
  for (let i = 0; i < count; i++) held[i] = make();
  const after = await heapUsed();
  for (const i of [0, count >> 1, count - 1]) assert.ok(await isRight(held[i]), `number ${i} is wrong`);
  return (after - before) / count;
}

/**
 * The bytes that are reachable. Collects garbage in separate turns: a WeakRef keeps its target until the end of a turn.
 */
async function heapUsed() {
  for (let i = 0; i < 3; i++) {
    await nextTurn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

const [kind, count] = process.argv.slice(2);
console.log(await bytesEach(KINDS[kind], Number(count)));
