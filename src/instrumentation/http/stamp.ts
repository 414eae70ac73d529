import type { ClientRequest } from 'node:http';
import { type Context, diag, type TextMapSetter } from '@opentelemetry/api';
import type { DeadlineSetter, DeadlineWriter } from '../../propagation/deadline-setter.js';
import { now } from '../../time/clock.js';
import { inject } from '../hooks/safe-propagation.js';
import { type Injection, takeInjection } from '../outbound/others-injection.js';

/** Parts of `OutgoingMessage` that Node has but its types don't name. */
export type StampedRequest = ClientRequest & {
  /** The head as text, as soon as it is written; what was written before there was a socket waits in `outputData`. */
  _header: string | null;
  readonly outputData: { data: unknown }[];
  outputSize: number;
};

/** For how long, in ms, what somebody has injected counts as what is left now. */
const FRESH = 1;

/** What the registered propagator writes deadlines with, as far as we have seen it at work. */
let registered: DeadlineWriter | undefined;

/** What a request was told. */
export class HttpStamp implements DeadlineSetter<StampedRequest> {
  /** When it runs out, on the clock of `now()`; `Infinity`: it was told nothing. */
  until = Number.POSITIVE_INFINITY;
  private budget = Number.POSITIVE_INFINITY;
  private writer: DeadlineWriter | undefined = undefined;

  /**
   * Writes the fields.
   *
   * @param carrier the headers that the request was made with
   * @param instant now, on the clock of `now()`
   */
  constructor(context: Context, request: StampedRequest, carrier: unknown, instant: number) {
    const injection = takeInjection(context, carrier);
    // Headers that were given as an array have been written already.
    if (request._header !== null) return;
    if (injection !== undefined && isWhole(injection, request, instant)) this.adopt(injection, request, instant);
    else inject(context, request, this);
  }

  set(request: StampedRequest, field: string, value: string): void {
    // Another instrumentation may have injected already; its span is the better parent.
    if (!request.hasHeader(field)) request.setHeader(field, value);
  }

  setDeadline(request: StampedRequest, budget: number, writer: DeadlineWriter): void {
    registered = writer;
    if (budget === Number.POSITIVE_INFINITY) return;
    this.budget = budget;
    this.until = now() + budget;
    this.writer = writer;
    // Another's deadline was written before the request was made; the last word on it is ours.
    writer.write(budget, request, { set: (_, field, value) => void request.setHeader(field, value) });
  }

  /** What was injected is what the request was told: the headers may have been written to since. */
  private adopt({ budget, writer }: Injection, request: StampedRequest, instant: number): void {
    if (budget === Number.POSITIVE_INFINITY) return;
    this.budget = budget;
    this.until = instant + budget;
    this.writer = writer;
    this.write(budget, request, KEEP_OR_SET);
  }

  /** Tells a request that has waited for a socket how many ms are left now, in place of what it was told. */
  countDown(request: StampedRequest, left: number): void {
    const set = request._header === null ? setHeader : rewriteHead;
    this.write(Math.min(this.budget, Math.floor(left)), request, { set });
  }

  /** A format may be an application's own: that it fails must not be the failure of a call. */
  private write(ms: number, request: StampedRequest, setter: TextMapSetter<StampedRequest>): void {
    try {
      this.writer?.write(ms, request, setter);
    } catch (error) {
      diag.error('a call goes out with the deadline that it was told first', error);
    }
  }
}

/**
 * Whether an injection has left nothing but the deadline to see to: it was made just now, by all of the registered
 * propagator, as an instrumentation does for a call. Who injects by hand may do so with another propagator, or a part.
 */
function isWhole({ instant: made, writer }: Injection, request: StampedRequest, instant: number): boolean {
  return instant - made < FRESH && writer === registered && request.hasHeader('traceparent');
}

/** Leaves a field as it is that says the same already: to set it takes longer than to look. */
const KEEP_OR_SET: TextMapSetter<StampedRequest> = {
  set(request, field, value) {
    if (request.getHeader(field) !== value) request.setHeader(field, value);
  },
};

function setHeader(request: StampedRequest, field: string, value: string): void {
  request.setHeader(field, value);
}

/** The head is text already, and the first that will be sent, perhaps with the beginning of the body behind it. */
function rewriteHead(request: StampedRequest, field: string, value: string): void {
  const { _header: head, outputData } = request;
  const name = `\r\n${field}: `;
  const start = head?.indexOf(name) ?? -1;
  if (head === null || start === -1) return;
  const rewritten = head.slice(0, start) + name + value + head.slice(head.indexOf('\r\n', start + name.length));
  request._header = rewritten;
  const [first] = outputData;
  if (typeof first?.data !== 'string' || !first.data.startsWith(head)) return;
  first.data = rewritten + first.data.slice(head.length);
  request.outputSize += rewritten.length - head.length;
}
