import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { context as contextApi } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { now } from '../../time/clock.js';
import type { Method, Patched } from '../hooks/patch-method.js';
import { contextOfCall, isSharedCall, scopeOfCall } from '../outbound/call-context.js';
import { callTarget } from '../outbound/call-target.js';
import { refuseCall } from '../outbound/refuse-call.js';
import { isOfConnect, rpcCallError } from '../outbound/rpc-call-error.js';
import type { Settings } from '../settings.js';
import { Http2Call } from './call.js';
import { destroyStream } from './destroy-stream.js';
import { Fields } from './fields.js';
import { knownSession, sessionToNothing } from './sessions.js';
import { stampFields } from './stamp.js';

/** Binds each stream that a client opens to the scope that it is opened under. The replacement for a session's `request`. */
export function wrapRequest(original: Method, patched: Patched<Settings>): Method {
  return function request(this: ClientHttp2Session, headers: unknown, ...rest: unknown[]): ClientHttp2Stream {
    const { settings } = patched;
    const active = contextApi.active();
    const isBound = settings !== undefined && isHeaders(headers) && !isTracingSuppressed(active);
    if (!isBound) return original.call(this, headers, ...rest);
    const { origin, isUndicis } = knownSession(this);
    const fields = new Fields(headers);
    if (isUndicis || isLeftAlone(fields)) return original.call(this, headers, ...rest);
    const path = fields.text(':path') || '/';
    const server = originOf(fields, origin);
    const target = callTarget(fields.text(':method') || 'GET', server, path);
    if (settings.client.ignore?.(target)) return original.call(this, headers, ...rest);
    const isShared = () => settings.client.shared?.has(server, path, () => target) ?? false;
    const context = contextOfCall(active, 'http2', isShared);
    const scope = scopeOfCall(context);
    const ofConnect = isOfConnect({ field: (name) => fields.text(name), path });
    const refusal = refuseCall(scope, 'http2', settings.enforce);
    if (refusal !== undefined) {
      const refused: ClientHttp2Stream = original.call(sessionToNothing(), headers, ...rest);
      // As Node's own errors: by then the caller has added its listeners.
      process.nextTick(destroyStream, refused, rpcCallError(refusal, target, ofConnect));
      return refused;
    }
    const budget = stampFields(fields, context, context !== active && isSharedCall(context));
    const until = now() + budget;
    const stream: ClientHttp2Stream = original.call(this, fields.headers, ...rest);
    new Http2Call(stream, settings.enforce, target, ofConnect).bind(scope, until);
    return stream;
  };
}

/** Whether Node may accept `headers`; it reports what is wrong with others. */
function isHeaders(headers: unknown): boolean {
  return headers === undefined || (typeof headers === 'object' && headers !== null);
}

/** Tunnels, which outlive their first caller (RFC 8441 among them), and calls of grpc-js, which is instrumented itself. */
function isLeftAlone(fields: Fields): boolean {
  return fields.get(':method') === 'CONNECT' || isOfGrpcJs(fields);
}

/**
 * WORKAROUND @grpc/grpc-js >=1: its calls become streams of a session, and nothing but their fields tells whose they are (no
 * issue known); remove when something does.
 */
function isOfGrpcJs(fields: Fields): boolean {
  const isGrpc = fields.text('content-type').startsWith('application/grpc');
  return isGrpc && /(?:^| )grpc-node-js\//.test(fields.text('user-agent'));
}

/** @param origin to which the session was connected */
function originOf(fields: Fields, origin: string): string {
  const authority = fields.text(':authority') || fields.text('host');
  const scheme = fields.text(':scheme');
  if (authority === '' && scheme === '') return origin;
  const [ownScheme, ownAuthority] = origin.split('//');
  return `${scheme === '' ? ownScheme : `${scheme}:`}//${authority || ownAuthority}`;
}
