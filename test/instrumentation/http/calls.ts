import type { ClientRequest, IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Context, context } from '@opentelemetry/api';
import { abortSignal } from '../../../src/context/context-deadline.js';
import { withCancel, withTimeout } from '../../../src/context/with-scope.js';
import { within } from '../../support/waiting.js';

/** A scope that stays open until the test says otherwise. */
export class OpenScope {
  context!: Context;
  cancel!: (reason?: unknown) => void;
  /** Completes it. */
  complete!: () => void;

  /** @param ms its budget; without one it has no deadline */
  constructor(ms = Number.POSITIVE_INFINITY) {
    const inner = () =>
      withCancel((context, cancel) => {
        this.context = context;
        this.cancel = cancel;
        return new Promise<void>((resolve) => {
          this.complete = resolve;
        });
      });
    void withTimeout(ms, inner);
  }

  run<T>(fn: () => T): T {
    return context.with(this.context, fn);
  }

  get reason(): unknown {
    return abortSignal(this.context)?.reason;
  }
}

/** What becomes of a call: each event once, in its order, and the error. */
export class Outcome {
  readonly events: string[] = [];
  readonly errors: Error[] = [];
  response: IncomingMessage | undefined;

  constructor(readonly request: ClientRequest) {
    request.on('response', (response) => {
      this.response = response;
      this.events.push('response');
    });
    request.on('error', (error) => {
      this.errors.push(error);
      this.events.push('error');
    });
    request.on('close', () => this.events.push('close'));
  }

  get closed(): boolean {
    return this.events.includes('close');
  }

  async close(): Promise<void> {
    await within(2_000, `'close' of the call, after ${this.events}`, () => this.closed);
  }

  async responded(): Promise<IncomingMessage> {
    await within(2_000, 'the response', () => this.response !== undefined);
    return this.response as IncomingMessage;
  }

  async body(): Promise<string> {
    return text(await this.responded());
  }
}

/** The error of a call that its scope has ended. */
export function callErrorOf(code: 'DEADLINE_EXCEEDED' | 'CANCELLED', target: string, cause: unknown): unknown {
  return expect.objectContaining({ code, target, cause, status: code === 'CANCELLED' ? 499 : 504 });
}
