import type { EventEmitter } from 'node:events';
import { ServerResponse } from 'node:http';
import { Http2ServerResponse } from 'node:http2';
import type { Readable } from 'node:stream';
import { diag } from '@opentelemetry/api';
import type { Method } from '../hooks/patch-method.js';
import type { Answer } from '../inbound/rpc-answer.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import { SWALLOWING } from './handlers/swallow-writes.js';
import { stopUpload } from './stop-upload.js';

/**
 * The fields of the handler that stay in an answer of ours: those about the connection, and those without which a browser
 * does not let a page of another origin read the answer. All others may be about a body or a session that is not sent.
 */
const KEPT = /^(connection|date|vary|timing-allow-origin|cross-origin-resource-policy|access-control-.*)$/i;

/** The events by which others see the answer: what they read of the response in their listeners is what was sent. */
const ENDINGS: ReadonlySet<unknown> = new Set(['prefinish', 'finish', 'close']);

/**
 * The answer that a request gets at its deadline, while its handler is still at work.
 *
 * From then on the response swallows what the handler writes (swallow-writes.ts), and looks to it like a response whose
 * caller has gone, which all frameworks know: closed, though no head was written, and no end. With `headersSent`, even after
 * a head of the handler's own, express would close the connection when the handler fails, in the midst of the next answer.
 * With `writableEnded` fastify would warn.
 */
export class DeadlineAnswer {
  /** Whether the head is being written, by way of those who have wrapped `writeHead`. */
  private writesHead = false;
  /** Whether a method of the response is called for this answer itself. */
  private passes = 0;
  /** How many events are being emitted by which others see the answer. */
  private showing = 0;
  private handlerEnded = false;
  private finishedListener: (() => void) | undefined = undefined;
  private readonly prototype: InboundResponse;

  constructor(
    private readonly request: InboundRequest,
    private readonly response: InboundResponse,
    private readonly answer: Answer,
  ) {
    this.prototype = response instanceof Http2ServerResponse ? Http2ServerResponse.prototype : ServerResponse.prototype;
  }

  /** Whether `response` is one that can be answered so, and the handler has not answered yet. */
  static isPossible(response: InboundResponse): boolean {
    if (response.headersSent || response.writableEnded || response.destroyed) return false;
    return response instanceof ServerResponse || response instanceof Http2ServerResponse;
  }

  /** Sends the answer. The response must lead to this object already: `answerOf`. */
  give(): void {
    const { response, prototype, answer } = this;
    const { status, headers, body } = answer;
    this.own(() => {
      for (const name of response.getHeaderNames()) {
        if (!KEPT.test(name)) prototype.removeHeader.call(response as never, name);
      }
      if (response instanceof ServerResponse) response.statusMessage = '';
      response.statusCode = status;
      for (const [name, value] of Object.entries(headers)) prototype.setHeader.call(response as never, name, value);
    });
    this.disguise();
    const sentBody = this.request.method === 'HEAD' ? undefined : body;
    this.own(() => stopUpload(this.request, response));
    // Over HTTP/2 a gRPC status without a body has to end the stream in the frame of its head.
    if (response instanceof ServerResponse || sentBody !== undefined) this.announceHead();
    this.own(() => {
      // Not by `end`: over HTTP/2 it calls `write`, which others may have wrapped.
      if (sentBody !== undefined) (prototype.write as Method).call(response, sentBody);
      (prototype.end as Method).call(response);
    });
    (response as EventEmitter).on('unpipe', this.swallowRest);
  }

  /**
   * Writes the head by way of what has been wrapped around `writeHead`: access logs note the time there. The fields that
   * the wrappers add are swallowed.
   */
  private announceHead(): void {
    const { response, prototype, answer } = this;
    this.writesHead = true;
    try {
      (response as ServerResponse).writeHead(answer.status);
    } catch (error) {
      diag.error('a wrapper of writeHead has failed', error);
    }
    if (this.writesHead) this.writeHead(response, prototype.writeHead as Method);
  }

  /** `writeHead` of the response was called, by whomever. */
  writeHead(response: unknown, original: Method): unknown {
    if (this.writesHead) {
      this.writesHead = false;
      return this.own(() => original.call(response, this.answer.status));
    }
    return response;
  }

  /** Whether a call of a method is the answer's own, and not the handler's. */
  get isOwn(): boolean {
    return this.passes > 0;
  }

  private own<T>(fn: () => T): T {
    this.passes++;
    try {
      return fn();
    } finally {
      this.passes--;
    }
  }

  /** The handler has ended or closed the response. */
  noteEnd(): void {
    this.handlerEnded = true;
    const { finishedListener } = this;
    this.finishedListener = undefined;
    finishedListener?.();
  }

  /** Calls `listener` when the handler ends the response, at once where it has. */
  onHandlerEnd(listener: () => void): void {
    if (this.handlerEnded) listener();
    else this.finishedListener = listener;
  }

  /** A source that was piped into the response goes on to its end: its handler may wait for that. */
  private readonly swallowRest = (source: Readable): void => {
    // Else it is the handler that takes the source away.
    if (this.showing > 0 && source.isPaused()) source.resume();
  };

  private disguise(): void {
    const { response, answer } = this;
    const fixed = (value: unknown) => ({ get: () => value, set: nothing, configurable: true });
    const emit = response.emit as Method;
    const emitAsSent = (name: unknown, ...args: unknown[]) => {
      const shown = ENDINGS.has(name) ? 1 : 0;
      const { passes } = this;
      this.showing += shown;
      // What a listener writes is not the answer's own.
      this.passes = 0;
      try {
        return emit.call(response, name, ...args);
      } finally {
        this.showing -= shown;
        this.passes = passes;
      }
    };
    const looks: PropertyDescriptorMap = {
      headersSent: { get: () => this.showing > 0, configurable: true },
      writableEnded: { get: () => this.showing > 0 || this.handlerEnded, configurable: true },
      statusCode: fixed(answer.status),
      emit: { value: emitAsSent, writable: true, configurable: true },
    };
    // Pinned, because the prototypes lose them when the instrumentation is disabled. What a middleware has wrapped stays.
    for (const name of ['writeHead', 'writeContinue', ...SWALLOWING.map(([name]) => name)]) {
      if (Object.hasOwn(response, name) || !(name in response)) continue;
      const value = (response as unknown as Record<string, unknown>)[name];
      looks[name] = { value, writable: true, configurable: true };
    }
    // A response that the application has frozen looks as it is.
    for (const [name, look] of Object.entries(looks)) Reflect.defineProperty(response, name, look);
  }
}

function nothing(): void {}
