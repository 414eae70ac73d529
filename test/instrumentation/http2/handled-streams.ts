import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type Context, context } from '@opentelemetry/api';
import { abortSignal } from '../../../src/context/context-deadline.js';
import { within } from '../../support/waiting.js';
import type { StreamHandler } from './streams.js';

/** A stream in its handler, and what the handler saw. */
export class HandledStream {
  readonly context: Context = context.active();
  readonly signal = abortSignal();

  constructor(
    readonly stream: ServerHttp2Stream,
    readonly headers: IncomingHttpHeaders,
  ) {}
}

/** The streams that a handler gets. */
export class HandledStreams {
  readonly all: HandledStream[] = [];
  readonly handler: StreamHandler = (stream, headers) => {
    const handled = new HandledStream(stream, headers);
    this.all.push(handled);
    return this.then(handled);
  };

  /** @param then the rest of the handler's work; keeps the caller waiting if it does nothing */
  constructor(private readonly then: (handled: HandledStream) => unknown = () => {}) {}

  async arrived(count = 1): Promise<HandledStream> {
    await within(2_000, `${count} streams in their handler`, () => this.all.length >= count);
    return this.all[count - 1] as HandledStream;
  }
}
