import { ServerResponse } from 'node:http';
import { callBackLater } from '../../hooks/call-back-later.js';
import type { InboundResponse } from '../../options.js';

/** Calls `answer` in place of the handler, which may have set fields for an answer that does not come, and may write on. */
export function answerInPlace(response: InboundResponse, answer: () => void): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  if (response instanceof ServerResponse) response.statusMessage = '';
  answer();
  muteResponse(response);
}

/**
 * Lets a response swallow what its handler still writes: it has been answered in place of the handler, which knows
 * nothing of that. Node would emit an 'error' for a write after the end, and throw where a header is set after the head;
 * in a callback either ends the process.
 */
function muteResponse(response: InboundResponse): void {
  Object.assign(response, MUTED);
}

const returnsItself = ['setHeader', 'setHeaders', 'appendHeader', 'writeHead', 'end'] as const;
const returnsNothing = [
  'removeHeader',
  'flushHeaders',
  'addTrailers',
  'writeContinue',
  'writeProcessing',
  'writeEarlyHints',
] as const;

const MUTED = {
  ...Object.fromEntries(returnsNothing.map((name) => [name, (...args: unknown[]) => callBackLater(args)])),
  ...Object.fromEntries(
    returnsItself.map((name) => [
      name,
      function muted(this: unknown, ...args: unknown[]) {
        callBackLater(args);
        return this;
      },
    ]),
  ),
  // As if everything had been taken: what pipes into the response goes on to its end.
  write(...args: unknown[]): boolean {
    callBackLater(args);
    return true;
  },
};
