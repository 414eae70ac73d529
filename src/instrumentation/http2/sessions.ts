import http2, { type ClientHttp2Session } from 'node:http2';
import { Duplex } from 'node:stream';
import { valueUnder } from '../hooks/symbol-named.js';

/** A session that is connected to nothing: what is written to it is lost. */
function connectToNothing(): ClientHttp2Session {
  const nothing = () => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const session = http2.connect('http://nothing.invalid', { createConnection: nothing });
  // Its streams have told it already.
  session.on('error', () => {});
  return session;
}

let nothing: ClientHttp2Session | undefined;

/** The session on which refused calls are made: their callers get a stream, and their peers see none. */
export function sessionToNothing(): ClientHttp2Session {
  if (nothing === undefined || nothing.closed || nothing.destroyed) nothing = connectToNothing();
  return nothing;
}

/**
 * The prototype of all client sessions, also of those that are open.
 *
 * WORKAROUND node all: the class `ClientHttp2Session` is not exported (no issue known); remove when it is.
 */
export function clientSessionPrototype(): object {
  const session = connectToNothing();
  const prototype: object = Object.getPrototypeOf(session);
  session.destroy();
  return prototype;
}

/**
 * What a session keeps under a symbol of Node's.
 *
 * WORKAROUND node all: the authority and the protocol to which a session has been connected have no public name (no issue
 * known); remove when they have.
 */
function internal(session: ClientHttp2Session, description: string): unknown {
  return valueUnder(session, description);
}

/** As in `https://example.com:8443`, and whether the session belongs to a client that is instrumented itself. */
interface KnownSession {
  readonly origin: string;
  readonly isUndicis: boolean;
}

/** Kept, because to look for a symbol takes a microsecond. */
const known = new WeakMap<ClientHttp2Session, KnownSession>();

export function knownSession(session: ClientHttp2Session): KnownSession {
  const found = known.get(session);
  if (found !== undefined) return found;
  const protocol = internal(session, 'protocol') ?? 'http:';
  const authority = internal(session, 'authority') ?? '';
  const created = { origin: `${String(protocol)}//${String(authority)}`, isUndicis: isUndicis(session) };
  known.set(session, created);
  return created;
}

/**
 * WORKAROUND undici >=6: with `allowH2`, its requests become streams of a session, and nothing public tells whose the
 * session is (no issue known); remove when something does.
 */
function isUndicis(session: ClientHttp2Session): boolean {
  return internal(session, 'open streams') !== undefined;
}
