import { STATUS_CODES } from 'node:http';
import { isDeadlineExceeded } from '../../errors.js';
import { SERVED_REQUEST } from '../../private-keys.js';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import { statusForRequest } from '../inbound/others-ends.js';
import { isConnectUnary } from '../inbound/rpc-answer.js';
import type { ServedRequest } from '../inbound/served-request.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import { answerTimeout } from './answer.js';
import { answerInPlace } from './handlers/mute-response.js';
import { answerOf } from './handlers/swallow-writes.js';

/** The part of a response that `writeHead` needs. */
interface Head {
  readonly [SERVED_REQUEST]?: ServedRequest;
  readonly req?: InboundRequest;
  readonly headersSent: boolean;
  setHeader(name: string, value: string): unknown;
}

/** How an answer is judged. */
interface Judgement {
  /** Whether its status is replaced. If not, the end of another request is counted all the same. */
  readonly replaces: boolean;
  /** Whether words follow the status: not over HTTP/2. */
  readonly hasPhrase: boolean;
}

/**
 * Judges an answer of 499 or more by what has become of its request. When the time of the request is up:
 *
 * - An answer of exactly 500 becomes 504: `fetch` and others wrap the reason of an abort, and a framework that does not see
 *   the reason's status answers 500. A 500 of Connect is replaced with its body, which says `internal`: a client takes the
 *   code from there.
 * - A framework that does see the status answers 504, and gets `timebudget: 0` added.
 *
 * When the request has not ended, an answer may speak of the end of another request: see {@link statusForRequest}.
 *
 * Heads that are written by `write`, `end` or `flushHeaders` come through `writeHead` as well. A response that has been
 * answered at its deadline swallows the head.
 */
export function wrapWriteHead(original: Method, patched: Patched<Judgement>): Method {
  return function writeHead(this: Head, ...args: unknown[]) {
    const { settings } = patched;
    const swallowing = answerOf(this);
    if (swallowing !== undefined) {
      return swallowing.isOwn ? original.apply(this, args) : swallowing.writeHead(this, original);
    }
    const given = Number(args[0]);
    if (!(given >= 499) || settings === undefined || this.headersSent) return original.apply(this, args);
    const { scope } = this[SERVED_REQUEST] ?? {};
    const isTimeUp = isDeadlineExceeded(scope?.outcome()?.reason);
    const status = isTimeUp && given === 500 ? 504 : statusForRequest(given, scope);
    const isUnchanged = status === given && !(isTimeUp && given === 504);
    if (isUnchanged || !settings.replaces) return original.apply(this, args);
    const { req: request } = this;
    if (isTimeUp && given === 500 && request !== undefined && isConnectUnary(request)) {
      const response = this as unknown as InboundResponse;
      answerInPlace(response, () => answerTimeout(request, response));
      return this;
    }
    const [, second, third] = args;
    const hasOwnPhrase = typeof second === 'string';
    const headers = hasOwnPhrase ? third : (third ?? second);
    const ownPhrase = hasOwnPhrase ? [second] : [];
    const newPhrase = settings.hasPhrase ? [STATUS_CODES[status] ?? ''] : [];
    const phrase = status === given ? ownPhrase : newPhrase;
    return original.call(this, status, ...phrase, isTimeUp ? withExhaustedBudget(this, headers) : headers);
  };
}

/** Adds the field to the headers given to `writeHead`: in an array, where names may repeat, else on the response. */
function withExhaustedBudget(response: Head, headers: unknown): unknown {
  // Node merges an array into headers that were set on the response, and keeps one of each name.
  if (Array.isArray(headers) && headers.length > 0) {
    return headers.concat(Array.isArray(headers[0]) ? [[TIMEBUDGET, '0']] : [TIMEBUDGET, '0']);
  }
  response.setHeader(TIMEBUDGET, '0');
  return headers;
}
