import type { ServerHttp2Stream } from 'node:http2';
import { callBackLater } from '../hooks/call-back-later.js';
import type { Answer } from '../inbound/rpc-answer.js';

/** Answers a stream of a server by itself. `method` is that of the request: an answer to HEAD has no body. */
export function answerStream(stream: ServerHttp2Stream, method: string, { status, headers, body }: Answer): void {
  if (stream.destroyed || stream.closed) return;
  const isEmpty = body === undefined || method === 'HEAD';
  stream.respond({ ':status': status, ...headers }, { endStream: isEmpty });
  if (!isEmpty) stream.end(body);
  // What the client still sends is dropped. A reset, which would stop it (RFC 9113, section 8.1), may cost it the answer:
  // Node 26 reports no answer that is read together with the reset behind it.
  stream.resume();
}

/** Answers in place of the handler, which may write on: Node would throw, or emit an error, which end the process. */
export function answerInPlace(stream: ServerHttp2Stream, method: string, answer: Answer): void {
  answerStream(stream, method, answer);
  Object.assign(stream, MUTED);
}

const ignored = ['respond', 'respondWithFD', 'respondWithFile', 'additionalHeaders', 'sendTrailers', 'pushStream'];

const MUTED = {
  ...Object.fromEntries(ignored.map((name) => [name, () => {}])),
  // As if everything had been taken: what pipes into the stream goes on to its end.
  write(...args: unknown[]): boolean {
    callBackLater(args);
    return true;
  },
  end(this: ServerHttp2Stream, ...args: unknown[]): ServerHttp2Stream {
    callBackLater(args);
    return this;
  },
};
