import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { within } from '../../support/waiting.js';

/** A stream that a server has received. */
export interface Arrival {
  readonly stream: ServerHttp2Stream;
  readonly headers: http2.IncomingHttpHeaders;
}

export type StreamHandler = (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => unknown;

export interface Peer {
  readonly server: http2.Http2Server;
  readonly url: string;
  readonly arrivals: Arrival[];
  /** The stream with the number `count` to arrive, from 1 on. */
  arrived(count?: number): Promise<Arrival>;
}

/** Servers of the core API of node:http2, and sessions with them, for a test; they are closed after it. */
export class Sessions {
  private readonly servers: http2.Http2Server[] = [];
  private readonly sockets: Socket[] = [];
  private readonly sessions: ClientHttp2Session[] = [];

  constructor() {
    afterEach(async () => {
      const sessions = this.sessions.splice(0).filter((session) => !session.closed || !session.destroyed);
      const closed = sessions.filter((session) => !session.destroyed).map((session) => once(session, 'close'));
      for (const session of sessions) session.destroy();
      await Promise.all(closed);
      for (const socket of this.sockets.splice(0)) socket.destroy();
      await Promise.all(this.servers.splice(0).map(close));
    });
  }

  async serve(handler: StreamHandler = () => {}, options: http2.ServerOptions = {}): Promise<Peer> {
    const server = http2.createServer(options);
    const arrivals: Arrival[] = [];
    server.on('connection', (socket: Socket) => this.sockets.push(socket));
    server.on('stream', (stream, headers) => {
      // A client may reset it.
      stream.on('error', () => {});
      arrivals.push({ stream, headers });
      return handler(stream, headers);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    this.servers.push(server);
    const { port } = server.address() as AddressInfo;
    return {
      server,
      url: `http://127.0.0.1:${port}`,
      arrivals,
      async arrived(count = 1) {
        await within(2_000, `${count} streams`, () => arrivals.length >= count);
        return arrivals[count - 1] as Arrival;
      },
    };
  }

  /** A session that need not be connected yet. */
  open(url: string, options: http2.ClientSessionOptions = {}): ClientHttp2Session {
    const session = http2.connect(url, options);
    session.on('error', () => {});
    this.sessions.push(session);
    return session;
  }

  async connect(url: string, options: http2.ClientSessionOptions = {}): Promise<ClientHttp2Session> {
    const session = this.open(url, options);
    await once(session, 'remoteSettings');
    return session;
  }
}

async function close(server: http2.Http2Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await closed;
}

/** What becomes of a stream of a client: each event once, in its order, and the error. */
export class Outcome {
  readonly events: string[] = [];
  readonly errors: Error[] = [];
  headers: http2.IncomingHttpHeaders | undefined;

  constructor(readonly stream: ClientHttp2Stream) {
    stream.on('response', (headers) => {
      this.headers = headers;
      this.events.push('response');
    });
    stream.on('error', (error: Error) => {
      this.errors.push(error);
      this.events.push('error');
    });
    stream.on('close', () => this.events.push('close'));
  }

  get closed(): boolean {
    return this.events.includes('close');
  }

  async close(): Promise<this> {
    await within(2_000, `'close' of the stream, after ${this.events}`, () => this.closed);
    return this;
  }

  async responded(): Promise<http2.IncomingHttpHeaders> {
    await within(2_000, 'the response', () => this.headers !== undefined);
    return this.headers as http2.IncomingHttpHeaders;
  }

  async body(): Promise<string> {
    return text(this.stream);
  }
}

/** Answers with the fields that have arrived and that this package may have written. */
export const listing: StreamHandler = (stream, headers) => {
  const wanted = /^(timebudget|traceparent|baggage|grpc-timeout|connect-timeout-ms|x-.+)$/;
  stream.respond({ ':status': 200 });
  stream.end(JSON.stringify(Object.fromEntries(Object.entries(headers).filter(([name]) => wanted.test(name)))));
};

/** Answers at once. */
export const answering: StreamHandler = (stream) => {
  stream.respond({ ':status': 200 });
  stream.end('answered');
};
