import {
  type Attributes,
  type AttributeValue,
  type Span,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
} from '@opentelemetry/api';
import type { DescribedSpan } from './hop.js';

/** What a span of the SDK has when it ends, beside the api's `Span`. */
export interface EndingSpan extends Pick<Span, 'setAttribute'>, DescribedSpan {
  readonly status?: SpanStatus;
  readonly events?: readonly { readonly name: string; readonly attributes?: Attributes }[];
}

/** Names of attributes, by OpenTelemetry's semantic conventions: the current one, then that before. */
const METHOD = ['http.request.method', 'http.method'];
const RESPONSE_STATUS = ['http.response.status_code', 'http.status_code'];
const ERROR_TYPE = ['error.type', 'http.error_name'];
const ERROR_MESSAGE = ['http.error_message'];
const RPC_SYSTEM = ['rpc.system', 'rpc.system.name'];

/**
 * The names and codes of the errors of a call that was ended on purpose: `CallCancelledError`, and the errors of Node,
 * undici and the DOM for a call whose `AbortSignal` has aborted.
 */
const HANG_UP_TYPES = ['CallCancelledError', 'CANCELLED', 'AbortError', 'ABORT_ERR', 'UND_ERR_ABORTED', '20'];

/**
 * Removes from an HTTP span what an instrumentation has recorded when the caller's hang-up ended the call: the status
 * ERROR, `error.type` and the exception. By OpenTelemetry's conventions for HTTP client spans an intended cancel is no
 * error.
 *
 * The span must have started under a scope that was cancelled. It is left alone when it has another error or exception
 * as well, or when nothing but its status says that it failed, such as a server's own 5xx. When the call had a response
 * whose status code is an error, the span keeps the status ERROR, with that code as `error.type`.
 */
export function clearHangUp(span: EndingSpan): void {
  if (span.status?.code !== SpanStatusCode.ERROR || !isHttp(span) || !failedByHangUp(span)) return;
  const { kind, attributes = {}, events = [] } = span;
  const code = Number(valuesOf(attributes, RESPONSE_STATUS)[0]);
  const responseFailed = code >= (kind === SpanKind.SERVER ? 500 : 400);
  for (const name of [...ERROR_TYPE, ...ERROR_MESSAGE]) Reflect.deleteProperty(attributes, name);
  if (responseFailed) span.setAttribute('error.type', String(code));
  overwrite(span, {
    status: { code: responseFailed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    events: events.filter((event) => !isException(event)),
  });
}

/**
 * WORKAROUND @opentelemetry/sdk-trace 2 and 3: `setStatus` ignores UNSET, as the specification wants (trace/api.md, Set
 * Status), and an event cannot be removed, so the fields of the span are written (no issue known); remove when a
 * processor can do both by a method.
 *
 * Does nothing to a span of another SDK whose fields cannot be written.
 */
function overwrite(span: EndingSpan, fields: Required<Pick<EndingSpan, 'status' | 'events'>>): void {
  Reflect.set(span, 'status', fields.status);
  Reflect.set(span, 'events', fields.events);
}

function isHttp({ kind, attributes = {} }: EndingSpan): boolean {
  if (kind !== SpanKind.CLIENT && kind !== SpanKind.SERVER) return false;
  return valuesOf(attributes, METHOD).length > 0 && valuesOf(attributes, RPC_SYSTEM).length === 0;
}

/** Whether the errors that the span shows are all those of a hang-up, and there is at least one. */
function failedByHangUp({ attributes = {}, events = [] }: EndingSpan): boolean {
  const exceptionTypes = events.filter(isException).map(({ attributes }) => attributes?.['exception.type']);
  const responseStatus = valuesOf(attributes, RESPONSE_STATUS).map(String);
  // Instrumentations also use the status code of a failed response as its error.type.
  const errorTypes = valuesOf(attributes, ERROR_TYPE).filter((type) => !responseStatus.includes(String(type)));
  const types = [...exceptionTypes, ...errorTypes];
  return types.length > 0 && types.every((type) => HANG_UP_TYPES.includes(String(type)));
}

function isException({ name }: { readonly name: string }): boolean {
  return name === 'exception';
}

function valuesOf(attributes: Attributes, names: readonly string[]): AttributeValue[] {
  return names.map((name) => attributes[name]).filter((value) => value !== undefined);
}
