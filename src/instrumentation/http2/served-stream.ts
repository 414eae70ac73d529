import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { type Context, context as contextApi } from '@opentelemetry/api';
import { attachInbound, inboundOf } from '../../propagation/inbound.js';
import { extract } from '../hooks/safe-propagation.js';
import type { Refusal } from '../inbound/admission/arrival.js';
import {
  answerEscapedError,
  type EscapedAnswer,
  isShared,
  type TrackedRequest,
} from '../inbound/handler-rejections.js';
import { internalErrorAnswer, overloadAnswer, timeoutAnswer } from '../inbound/rpc-answer.js';
import { ServedRequest } from '../inbound/served-request.js';
import { untrustedFields } from '../inbound/untrusted-fields.js';
import type { Settings } from '../settings.js';
import { answerInPlace, answerStream } from './answer.js';
import { asRequest, type InboundStream } from './inbound-stream.js';

/** A stream of a server of node:http2 whose application listens to 'stream' itself, from its arrival on. */
export class ServedStream extends ServedRequest implements TrackedRequest {
  readonly transport = 'http2';
  /** Over HTTP/2 a connection's requests are independent of each other. */
  readonly connection = undefined;
  isAnsweredAtDeadline = false;
  private hasEnded = false;

  private constructor(
    private readonly inbound: InboundStream,
    settings: Settings,
  ) {
    super(asRequest(inbound), settings);
  }

  /** The request that is attached to the headers of a stream; the first call attaches it. */
  static of(inbound: InboundStream, settings: Settings): ServedStream | undefined {
    const { headers } = inbound;
    const attached = inboundOf(headers);
    if (attached !== undefined) return attached instanceof ServedStream ? attached : undefined;
    const served = new ServedStream(inbound, settings);
    if (settings.server.ignore(asRequest(inbound))) served.ignore();
    else if (!served.trusted) removeFields(inbound, untrustedFields());
    attachInbound(headers, served);
    return served;
  }

  get stream(): ServerHttp2Stream {
    return this.inbound.stream;
  }

  get isOpen(): boolean {
    const { stream } = this;
    return !(this.isAnsweredAtDeadline || stream.destroyed || stream.closed || stream.writableEnded);
  }

  get isAnswerBegun(): boolean {
    return this.stream.headersSent;
  }

  /**
   * Ends with the stream.
   *
   * WORKAROUND node 20 to 24: a client that resets a stream with NO_ERROR, the default of `stream.close()`, while the answer
   * is being written makes the stream emit 'aborted', but no 'close' (no issue known); remove when Node 24 is no longer
   * supported.
   */
  endWithStream(context: Context): void {
    const { stream } = this;
    const end = () => {
      if (this.hasEnded) return;
      this.hasEnded = true;
      // Node ends the writable side of a stream that is reset. Active again, because abort listeners run in the context.
      contextApi.with(context, () => this.end(!this.isAnsweredAtDeadline && !stream.aborted && stream.writableEnded));
    };
    if (stream.destroyed) {
      end();
      return;
    }
    const { prependListener } = EventEmitter.prototype;
    prependListener.call(stream, 'close', end);
    // Node calls `end` of the stream behind 'aborted', which is not the handler's doing.
    prependListener.call(stream, 'aborted', () => process.nextTick(end));
  }

  protected override get isAnswered(): boolean {
    return !this.isOpen;
  }

  answerTimeout(): void {
    answerStream(this.stream, this.inbound.method, timeoutAnswer(this.inbound));
  }

  protected override answerRefusal(refusal: Refusal): void {
    if (refusal === 'time') this.answerTimeout();
    else answerStream(this.stream, this.inbound.method, overloadAnswer(this.inbound));
  }

  answerEscaped(answer: EscapedAnswer): void {
    const { inbound, stream } = this;
    const isExhausted = answer === 'exhausted';
    const given = answer === 'internal' ? internalErrorAnswer(inbound) : timeoutAnswer(inbound, isExhausted);
    answerInPlace(stream, inbound.method, given);
  }

  protected override answerAtDeadline(): void {
    if (!this.isOpen || this.isAnswerBegun) return;
    this.isAnsweredAtDeadline = true;
    this.answerEscaped('exhausted');
  }

  /** Not by `close`, which sends what is left to the client as the end of a whole answer. */
  abandon(): void {
    const { stream } = this;
    if (stream.listenerCount('error') === 0) stream.on('error', () => {});
    stream.destroy(new Error('the handler has failed because its request has ended'));
  }

  protected override extract(base: Context): Context {
    return extract(base, this.inbound.headers);
  }

  protected override bindEvents(context: Context): void {
    contextApi.bind(context, this.stream);
  }

  /** Of a stream that was reset Node has ended the writable side: only a call of the application tells its end. */
  override onAnswered(listener: () => void): void {
    const { stream } = this;
    const { end } = stream;
    const endByHandler = function (this: ServerHttp2Stream, ...args: unknown[]) {
      listener();
      return (end as (...args: unknown[]) => ServerHttp2Stream).apply(this, args);
    };
    Reflect.defineProperty(stream, 'end', { value: endByHandler, configurable: true, writable: true });
  }

  override isShared(promise: Promise<unknown>): boolean {
    return isShared(promise);
  }

  override handlerFailed(error: unknown): void {
    answerEscapedError(error, this);
  }
}

/** Removes fields, so that an application that copies its headers to a call does not forward them. */
function removeFields({ headers, rawHeaders }: InboundStream, fields: Iterable<string>): void {
  for (const field of fields) delete headers[field];
  const removed = new Set(fields);
  for (let slot = rawHeaders.length - 2; slot >= 0; slot -= 2) {
    if (removed.has(rawHeaders[slot]?.toLowerCase() ?? '')) rawHeaders.splice(slot, 2);
  }
}
