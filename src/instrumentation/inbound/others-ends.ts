import { diag } from '@opentelemetry/api';
import { type Origin, observeRequests, originOf } from '../../context/scope/origin.js';
import type { Scope } from '../../context/scope/scope.js';
import { firstOfOurs, isEndReason, originIn, statusOfKind } from '../../errors.js';
import { record } from '../../events.js';
import { requestOfCode } from '../lost-context/lost-contexts.js';
import { failedWork } from '../outbound/failed-targets.js';

// Which request an error reaches can't be seen where its status is read: a library copies the status for all that wait
// (axios), or runs the callbacks of all in the context of one. At the answer the request is known, and the error is one
// whose status has been asked for while the event loop was at the same event: nothing that takes time lies between the two.

/** How many errors are kept of an event, and how many calls are named in the log: a path may hold an id. */
const MAX = 100;

/** For how many rounds of ticks and promises an error is kept. A framework takes a few to answer, all within one event. */
const ROUNDS = 10;

/** An error for whose status some code has asked, and what it got. */
interface Asked {
  readonly error: unknown;
  readonly status: number;
}

/** Those of the event that the event loop is at: Node runs all ticks and all promises before it goes on to the next one. */
let recent: Asked[] = [];

/** From now on {@link statusForRequest} knows what errors have been asked. Returns a function that undoes it. */
export function watchOthersEnds(): () => void {
  return observeRequests({ find: requestOfCode, asked });
}

function asked(error: unknown, status: number): void {
  const last = recent.at(-1);
  // Frameworks read it several times.
  if (last?.error === error && last?.status === status) return;
  if (last === undefined) process.nextTick(forget, ROUNDS);
  if (recent.length < MAX) recent.push({ error, status });
}

/** Node runs promises when no tick is left, and ticks when no promise is. */
function forget(rounds: number): void {
  if (rounds > 0) queueMicrotask(() => process.nextTick(forget, rounds - 1));
  else recent = [];
}

/**
 * The status for an answer to the request of `scope` that would have `status`, 499 or more. Another one in two cases, and
 * neither where the request itself has ended:
 *
 * - the answer has its 499 or 504 from the end of another request: 500. An answer that may have another cause is left
 *   alone: an end or a failed call of the request's own, or a status that no error has given just now
 * - it has its 500 from an end of its own, whose status was asked for in the context of another request
 */
export function statusForRequest(status: number, scope: Scope | undefined): number {
  if (recent.length === 0 || scope === undefined || scope.outcome() !== undefined) return status;
  const own = originOf(scope);
  const errors = recent.filter((each) => each.status === status).map(({ error }) => error);
  const inside = errors.find((error) => (originIn(error) as Origin | undefined)?.isWithin(own));
  if (inside !== undefined) return status === 500 ? statusOfKind(inside) : status;
  if (errors.length === 0 || own.hasOwnFailure || !errors.every((error) => isOthersEnd(error, scope))) return status;
  reportOthersEnd(errors[0], scope);
  return 500;
}

/**
 * Whether `error`, or the first of our errors that it wraps, has ended another request than that of `scope`, and none
 * around it or inside of it.
 */
export function isOthersEnd(error: unknown, scope: Scope | undefined): boolean {
  const ours = firstOfOurs(error);
  if (ours === undefined || scope === undefined) return false;
  const own = originOf(scope);
  const origin = originIn(ours) as Origin | undefined;
  if (origin !== undefined || isEndReason(ours)) return origin?.isForeignTo(own) === true;
  // What keeps nothing of our error but its code has no origin: it is no end of this request while nothing of it has ended.
  return own.waits && !own.hasOwnFailure;
}

/** The requests that have been counted. */
const failed = new WeakSet<Origin>();

/** What the log has named. */
const named = new Set<string>();

/** The request of `scope` fails with `error`, the end of another request. Counts it once, and names each call once in the log. */
export function reportOthersEnd(error: unknown, scope: Scope): void {
  const request = originOf(scope);
  if (failed.has(request)) return;
  failed.add(request);
  record({ type: 'foreign' });
  const { calls, words } = failedWork(error);
  if (named.has(calls) || named.size >= MAX) return;
  named.add(calls);
  // The message of another error may hold anything.
  const reason = isEndReason(error) ? ` (${error.message})` : '';
  diag.warn(
    `opentelemetry-propagator-deadline: a request failed because ${words} that it shared was ended in another ` +
      `request${reason}. Share such work by shared(), begin it in detach() with a timeout that is long enough, or name ` +
      'the target of the call in the option client.shared',
  );
}
