import { type Context, context as contextApi, diag } from '@opentelemetry/api';
import { attachInbound, inboundOf } from '../../propagation/inbound.js';
import { extract } from '../hooks/safe-propagation.js';
import type { Refusal } from '../inbound/admission/arrival.js';
import {
  answerEscapedError,
  type EscapedAnswer,
  isShared,
  type TrackedRequest,
} from '../inbound/handler-rejections.js';
import { timeoutAnswer } from '../inbound/rpc-answer.js';
import { ServedRequest } from '../inbound/served-request.js';
import { untrustedFields } from '../inbound/untrusted-fields.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import type { Settings } from '../settings.js';
import { answerInternalError, answerOverload, answerTimeout, setServedRequest } from './answer.js';
import { DeadlineAnswer } from './deadline-answer.js';
import { answerInPlace } from './handlers/mute-response.js';
import { removeFields } from './remove-fields.js';
import { onHandlerEnd, onResponseClose, transportOf, wasSent } from './response-close.js';

/** A request of node:http, node:https or node:http2's compatibility API, from its arrival on. */
export class HttpServedRequest extends ServedRequest implements TrackedRequest {
  readonly transport: 'http' | 'http2';
  /** The context of the handler, once it has been given the request. */
  context: Context | undefined = undefined;
  /** As the application gets them: a wrapper may have replaced what the server emitted. */
  exchange: { readonly request: InboundRequest; readonly response: InboundResponse } | undefined = undefined;
  /** Set when the request was answered at its deadline, in place of its handler. */
  deadlineAnswer: DeadlineAnswer | undefined = undefined;

  private constructor(request: InboundRequest, settings: Settings) {
    super(request, settings);
    this.transport = transportOf(request);
  }

  /**
   * The request that is attached to the headers of `request`; the first call attaches it. From then on each
   * extraction from the headers finds its scope.
   */
  static of(request: InboundRequest, settings: Settings): HttpServedRequest {
    const attached = inboundOf(request.headers);
    if (attached instanceof HttpServedRequest) return attached;
    const served = new HttpServedRequest(request, settings);
    if (settings.server.ignore(request)) served.ignore();
    else if (!served.trusted) removeFields(request, untrustedFields());
    attachInbound(request.headers, served);
    return served;
  }

  /** Whether the handler can still answer. */
  get isOpen(): boolean {
    const response = this.deadlineAnswer === undefined ? this.exchange?.response : undefined;
    return response !== undefined && !(response.writableEnded || response.destroyed);
  }

  get isAnsweredAtDeadline(): boolean {
    return this.deadlineAnswer !== undefined;
  }

  get isAnswerBegun(): boolean {
    return this.exchange?.response.headersSent === true;
  }

  answerEscaped(answer: EscapedAnswer): void {
    if (this.exchange === undefined) return;
    const { request, response } = this.exchange;
    answerInPlace(response, () => {
      if (answer === 'internal') answerInternalError(request, response);
      else answerTimeout(request, response, answer === 'exhausted');
    });
  }

  abandon(): void {
    this.exchange?.response.destroy();
  }

  /** The application gets `request` and `response`. */
  receive(request: InboundRequest, response: InboundResponse): void {
    this.exchange = { request, response };
    if (inboundOf(request.headers) !== this) attachInbound(request.headers, this);
  }

  /** Ends with the response: when it has been sent, or when its connection or stream closes before. */
  endWithResponse(context: Context): void {
    if (this.exchange === undefined) return;
    const { request, response } = this.exchange;
    setServedRequest(response, this);
    // Active again, because abort listeners of the application run in it.
    const isSent = () => this.deadlineAnswer === undefined && wasSent(request, response);
    const end = () => contextApi.with(context, () => this.end(isSent()));
    // A wrapper may pass a request on when its caller has gone: no event reports that any more.
    if (response.destroyed === true) end();
    else onResponseClose(request, response, end);
  }

  /** Over HTTP/2 a connection's requests are independent of each other. */
  get connection(): object | undefined {
    return this.transport === 'http' ? this.exchange?.request.socket : undefined;
  }

  /** Node ends a connection whose caller has ended it, and closes it some turns later. */
  override get isAbandoned(): boolean {
    const socket = this.transport === 'http' ? this.exchange?.request.socket : undefined;
    return socket?.destroyed === true || socket?.writableEnded === true;
  }

  protected override get isAnswered(): boolean {
    return !this.isOpen;
  }

  protected override answerAtDeadline(): void {
    const { context, exchange } = this;
    if (exchange === undefined || context === undefined || !DeadlineAnswer.isPossible(exchange.response)) return;
    const { request, response } = exchange;
    const answer = new DeadlineAnswer(request, response, timeoutAnswer(request));
    this.deadlineAnswer = answer;
    try {
      contextApi.with(context, () => answer.give());
    } catch (error) {
      diag.error('a request got no answer at its deadline', error);
      request.destroy();
    }
  }

  protected override answerRefusal(refusal: Refusal): void {
    if (this.exchange === undefined) return;
    const { request, response } = this.exchange;
    if (refusal === 'time') answerTimeout(request, response);
    else answerOverload(request, response);
  }

  protected override extract(base: Context): Context {
    return this.exchange === undefined ? base : extract(base, this.exchange.request.headers);
  }

  protected override bindEvents(context: Context): void {
    if (this.exchange === undefined) return;
    contextApi.bind(context, this.exchange.request);
    contextApi.bind(context, this.exchange.response);
  }

  override onAnswered(listener: () => void): void {
    if (this.deadlineAnswer !== undefined) this.deadlineAnswer.onHandlerEnd(listener);
    else if (this.exchange !== undefined) onHandlerEnd(this.exchange.response, listener);
  }

  override isShared(promise: Promise<unknown>): boolean {
    return isShared(promise);
  }

  override handlerFailed(error: unknown): void {
    answerEscapedError(error, this);
  }
}
