import type { ClientRequest } from 'node:http';
import { callTarget } from '../outbound/call-target.js';
import { fieldInHead } from './written-head.js';

/** The target of a call: see {@link callTarget}. */
export function targetOf(request: ClientRequest): string {
  // Node has no header object where the headers were given as an array.
  const host = request.getHeader('host') ?? fieldInHead(request, 'host') ?? request.host;
  return callTarget(request.method, `${request.protocol}//${host}`, request.path);
}
