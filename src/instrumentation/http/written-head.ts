import type { ClientRequest } from 'node:http';

/**
 * WORKAROUND node >=20: a request whose head has been written as text, although it has no socket yet, has no public API to
 * read or change a field (no issue known); remove when `setHeader` works until the head is sent.
 */
interface WrittenRequest extends ClientRequest {
  /** The head as text; `null` until it is written. */
  _header: string | null;
  /** What waits for a socket: the head, perhaps with the beginning of the body behind it, comes first. */
  readonly outputData: { data: unknown }[];
  outputSize: number;
}

/** Whether the head has been written as text, so that `setHeader` throws. */
export function isHeadWritten(request: ClientRequest): boolean {
  return (request as WrittenRequest)._header !== null;
}

/** The value of a field in a head that has been written; `undefined` when there is none. */
export function fieldInHead(request: ClientRequest, field: string): string | undefined {
  return new RegExp(`\\r\\n${field}: *([^\\r]*)`, 'i').exec((request as WrittenRequest)._header ?? '')?.[1];
}

/** Replaces the value of a field in a head that has been written and not been sent. Does nothing when it is not there. */
export function rewriteField(request: ClientRequest, field: string, value: string): void {
  replaceInHead(request, field, `\r\n${field}: ${value}`);
}

/** Removes a field from a request whose head has not been sent. */
export function removeField(request: ClientRequest, field: string): void {
  if (isHeadWritten(request)) replaceInHead(request, field, '');
  else request.removeHeader(field);
}

/** @param line in place of the field's */
function replaceInHead(request: ClientRequest, field: string, line: string): void {
  const written = request as WrittenRequest;
  const { _header: head, outputData } = written;
  const name = `\r\n${field}: `;
  const start = head?.indexOf(name) ?? -1;
  if (head === null || start === -1) return;
  const rewritten = head.slice(0, start) + line + head.slice(head.indexOf('\r\n', start + name.length));
  written._header = rewritten;
  const [first] = outputData;
  if (typeof first?.data !== 'string' || !first.data.startsWith(head)) return;
  first.data = rewritten + first.data.slice(head.length);
  written.outputSize += rewritten.length - head.length;
}
