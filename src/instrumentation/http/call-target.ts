import type { ClientRequest } from 'node:http';
import { callTarget } from '../outbound/call-target.js';
import type { SharedCalls } from '../outbound/shared-calls.js';
import { fieldInHead } from './written-head.js';

/** The target of a call: see {@link callTarget}. */
export function targetOf(request: ClientRequest): string {
  return callTarget(request.method, originOf(request), request.path);
}

/** Whether a call is one that several requests may wait for. */
export function isShared(request: ClientRequest, shared: SharedCalls | undefined): boolean {
  return shared?.has(originOf(request), request.path, () => targetOf(request)) ?? false;
}

function originOf(request: ClientRequest): string {
  // Node has no header object where the headers were given as an array.
  const host = request.getHeader('host') ?? fieldInHead(request, 'host') ?? request.host;
  return `${request.protocol}//${host}`;
}
