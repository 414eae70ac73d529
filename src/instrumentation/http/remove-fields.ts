import { symbolNamed } from '../hooks/symbol-named.js';
import type { InboundRequest } from '../options.js';

/** Removes fields from a request, so that an application that copies its headers to a call does not forward them. */
export function removeFields(request: InboundRequest, fields: Iterable<string>): void {
  const { headers } = request;
  const present = new Set([...fields].filter((field) => headers[field] !== undefined));
  if (present.size === 0) return;
  // Node makes `headersDistinct` from the raw headers when it is first read, so it is read before they change. HTTP/2 has
  // none.
  const distinct = 'headersDistinct' in request ? request.headersDistinct : {};
  for (const field of present) {
    delete headers[field];
    delete distinct[field];
  }
  removeRaw(request, present);
}

function removeRaw(request: InboundRequest, fields: ReadonlySet<string>): void {
  const { rawHeaders } = request;
  const countKey = headersCountKey(request);
  for (let slot = rawHeaders.length - 2; slot >= 0; slot -= 2) {
    if (!fields.has(rawHeaders[slot]?.toLowerCase() ?? '')) continue;
    rawHeaders.splice(slot, 2);
    const count = countKey && (Reflect.get(request, countKey) as number);
    if (count !== undefined && slot < count) Reflect.set(request, countKey as symbol, count - 2);
  }
}

/**
 * WORKAROUND node all: it reads as many raw headers of a request as there were on arrival, so that one less ends the process
 * of Node 26.12 and newer when it looks for 'expect' (no issue known); remove when it reads those that are there.
 *
 * The count is smaller than the number of raw headers where a server's `maxHeadersCount` is exceeded. HTTP/2 has none.
 */
export function headersCountKey(request: object): symbol | undefined {
  return symbolNamed(request, 'kHeadersCount');
}
