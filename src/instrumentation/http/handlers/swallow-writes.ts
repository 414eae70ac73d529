import { SERVED_REQUEST } from '../../../private-keys.js';
import { callBackLater } from '../../hooks/call-back-later.js';
import type { Method, Wrap } from '../../hooks/patch-method.js';
import type { DeadlineAnswer } from '../deadline-answer.js';

/** What a method of a response does instead, when the response has been answered at its deadline. */
type Swallow = (answer: DeadlineAnswer, response: unknown, args: unknown[]) => unknown;

const returnsItself: Swallow = (_, response) => response;
const returnsNothing: Swallow = () => undefined;

const SWALLOWS: Readonly<Record<string, Swallow>> = {
  setHeader: returnsItself,
  setHeaders: returnsItself,
  appendHeader: returnsItself,
  removeHeader: returnsNothing,
  addTrailers: returnsNothing,
  setTrailer: returnsNothing,
  writeProcessing: returnsNothing,
  writeEarlyHints: returnsNothing,
  flushHeaders: returnsNothing,

  // As if everything had been taken: what pipes into the response goes on to its end.
  write(_answer, _response, args) {
    callBackLater(args);
    return true;
  },

  end(answer, response, args) {
    callBackLater(args);
    answer.noteEnd();
    return response;
  },

  // The answer may still be on its way.
  destroy(answer, response) {
    answer.noteEnd();
    return response;
  },
};

/**
 * The replacements for the methods of a response, by name: a response that has been answered at its deadline swallows what
 * its handler still writes, also by way of a method that a middleware has kept. Node would emit an 'error' for a write after
 * the end, and throw where a header is set after the head.
 */
export const SWALLOWING: readonly (readonly [name: string, wrap: Wrap<true>])[] = Object.entries(SWALLOWS).map(
  ([name, swallow]) => [name, swallowing(swallow)],
);

function swallowing(swallow: Swallow): Wrap<true> {
  return (original: Method) =>
    function swallows(this: object, ...args: unknown[]): unknown {
      const answer = answerOf(this);
      if (answer === undefined || answer.isOwn) return original.apply(this, args);
      return swallow(answer, this, args);
    };
}

/** The answer that `response` has been given at its deadline, in place of its handler. */
export function answerOf(response: object): DeadlineAnswer | undefined {
  type Answered = { readonly [SERVED_REQUEST]?: { readonly deadlineAnswer?: DeadlineAnswer | undefined } };
  return (response as Answered)[SERVED_REQUEST]?.deadlineAnswer;
}
