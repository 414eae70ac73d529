import { type Context, isSpanContextValid, trace } from '@opentelemetry/api';
import { checkDuration, checkFunction, checkOptions } from '../../check-argument.js';
import { contextOr } from '../context-argument.js';
import { getScope } from '../context-scope.js';
import { scopeAround } from '../scope/origin.js';
import { membersOf, type Place, placeOf } from './key.js';
import { getRun, Run } from './run.js';

/** The options of {@link shared}. */
export interface SharedOptions {
  /**
   * For how long a run that this call begins may take, in ms: 0 (`fn` runs with an exhausted deadline) to
   * `Infinity` (no limit). Default: 30,000.
   */
  readonly budget?: number;
  /** The context that binds the wait, and in which a run begins. Default: the active context. */
  readonly parent?: Context;
}

const DEFAULT_BUDGET = 30_000;

const runs = new WeakMap<object, Place<Run>>();

/**
 * Runs `fn` once at a time for each `key`: all that ask meanwhile wait for the same run and get its result or its error.
 * For work that one request does for many, such as to fetch a token or to fill a cache. Nothing is kept when the run is
 * over: the next call begins another one.
 *
 * **The run** is bound by no request. It has a budget of its own, and is cancelled (`CallCancelledError`) when the last
 * waiter has left. It has the trace context and the baggage of the call that began it. When its budget has run out, all
 * waiters get a `DeadlineExceededError`, whose message names the budget of shared work. `fn` is never interrupted: pass
 * `abortSignal(context)` on.
 *
 * **Each waiter** waits within its own deadline and cancellation. When these end the wait, the promise is rejected with
 * what `throwIfExceeded` throws in that context. A call whose context has ended already neither begins a run nor joins
 * one. A request that is answered while it waits goes on waiting. The recording span of a call that joins gets a link to
 * the span in which the run began.
 *
 * @param key an object, such as the cache itself, or an array that begins with one: `[this, 'user', id]`. The further
 *   members are compared as the keys of a `Map` are. `[this]` is the same key as `this`. The object is held weakly
 * @param fn gets the context of the run, which is also the active one where a context manager is registered. It begins
 *   within this call, if it is called. May return a value or a promise
 * @returns always a promise. It is rejected with a plain `Error` when the run would wait for itself: when `fn` asks for
 *   its own key, or waits for another run that does
 * @throws TypeError when an argument has the wrong type, RangeError when `budget` is negative or NaN
 */
export function shared<T>(
  key: object,
  fn: (context: Context) => T | PromiseLike<T>,
  options: SharedOptions = {},
): Promise<T> {
  const members = membersOf(key);
  checkFunction('shared', fn);
  checkOptions('shared', options, ['budget', 'parent']);
  const { budget = DEFAULT_BUDGET, parent } = options;
  checkDuration('budget', budget);
  const context = contextOr('shared', parent);
  const scope = getScope(context);
  const ending = scope?.ended();
  if (ending !== undefined) return Promise.reject(ending.reason);

  const place = placeOf(runs, members);
  const by = getRun(context);
  const current = place.taker;
  const begins = current === undefined || current.scope.ended() !== undefined;
  const run = begins ? new Run(context, place, budget) : current;
  if (by && run.waitsFor(by)) return Promise.reject(new Error('shared work would wait for itself'));
  const result = run.join<T>(scope, by, scopeAround(context));
  if (begins) run.start(fn);
  else linkSpan(context, run.outer);
  return result;
}

/** Adds a link to the span of a waiter, which leads to the span in whose context the run began. */
function linkSpan(waiting: Context, outer: Context): void {
  const span = trace.getSpan(waiting);
  const first = trace.getSpan(outer);
  const context = first?.spanContext();
  // Spans have `addLink` since version 1.9 of the api.
  if (context && first !== span && span?.isRecording() && isSpanContextValid(context)) span.addLink?.({ context });
}
