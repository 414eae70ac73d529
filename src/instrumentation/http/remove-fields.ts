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
  const { rawHeaders } = request;
  for (let slot = rawHeaders.length - 2; slot >= 0; slot -= 2) {
    if (present.has(rawHeaders[slot]?.toLowerCase() ?? '')) rawHeaders.splice(slot, 2);
  }
}
