import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Context, context } from '@opentelemetry/api';
import { abortSignal } from '../../../src/context/context-deadline.js';
import { within } from '../../support/waiting.js';

/** What a handler saw. */
export interface Handling {
  readonly context: Context;
  readonly signal: AbortSignal | undefined;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** The requests that reached a handler. */
export class Handlings {
  readonly all: Handling[] = [];

  /** @param app does the rest of the work */
  constructor(private readonly app: RequestListener = () => {}) {}

  readonly handler: RequestListener = (request, response) => {
    this.all.push({ context: context.active(), signal: abortSignal(), request, response });
    return this.app(request, response);
  };

  /** The request of that number, from 0. */
  async arrived(index = 0): Promise<Handling> {
    await within(2_000, `request ${index} to be handled`, () => this.all.length > index);
    return this.all[index] as Handling;
  }
}
