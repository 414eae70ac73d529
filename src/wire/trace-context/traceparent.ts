import { hexOctet, isHexId } from '../hex.js';
import { skipSpace } from '../text.js';

/** The parent span as the `traceparent` field names it: a `SpanContext` of the api, without a trace state. */
export interface Traceparent {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote: true;
}

// W3C Trace Context Level 2, section Traceparent Header.
const DASH = 0x2d;
/** The characters of version 00, and the first ones of a later version. */
const LENGTH = 55;
const FORBIDDEN_VERSION = 0xff;
const SAMPLED = 1;
/** The flags that the section trace-flags defines: sampled, and random trace id. */
const KNOWN_FLAGS = 3;
/** The most white space around a value that is looked at. Only carriers other than HTTP have any. */
const MAX_SPACE = 64;

/**
 * Reads a `traceparent` field. Of a version after 00, `sampled` is the only flag that is read, and more fields may follow
 * (section Versioning of traceparent).
 *
 * @returns `undefined` when the field is not valid
 */
export function parseTraceparent(text: string): Traceparent | undefined {
  const start = skipSpace(text, 0, MAX_SPACE);
  const end = start + LENGTH;
  const version = hexOctet(text, start);
  const flags = hexOctet(text, end - 2);
  if (version < 0 || version === FORBIDDEN_VERSION || flags < 0) return undefined;
  const hasDashes = isDash(text, start + 2) && isDash(text, start + 35) && isDash(text, end - 3);
  if (!hasDashes || !isHexId(text, start + 3, start + 35) || !isHexId(text, start + 36, end - 3)) return undefined;
  const endsHere = text.length === end || skipSpace(text, end, end + MAX_SPACE) === text.length;
  if (!endsHere && (version === 0 || !isDash(text, end))) return undefined;
  return {
    traceId: text.slice(start + 3, start + 35),
    spanId: text.slice(start + 36, end - 3),
    traceFlags: version === 0 ? flags : flags & SAMPLED,
    isRemote: true,
  };
}

/**
 * The `traceparent` field, in version 00. Flags that the specification does not define are sent as 0 (section Other
 * Flags).
 *
 * @returns `undefined` when an id is not valid
 */
export function formatTraceparent(traceId: string, spanId: string, traceFlags: number): string | undefined {
  const isValid = traceId.length === 32 && spanId.length === 16 && isHexId(traceId, 0, 32) && isHexId(spanId, 0, 16);
  return isValid ? `00-${traceId}-${spanId}-0${traceFlags & KNOWN_FLAGS}` : undefined;
}

function isDash(text: string, index: number): boolean {
  return text.charCodeAt(index) === DASH;
}
