import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http, { type RequestListener, type Server } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from '../../support/waiting.js';

export type Protocol = 'http' | 'https' | 'http2';

export interface Served {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /** All connections that were ever made to it. */
  readonly connections: Socket[];
}

/** Servers on loopback, for a test; they are closed after it. */
export class Servers {
  private readonly open: Served[] = [];

  constructor() {
    afterEach(async () => {
      await Promise.all(this.open.splice(0).map(close));
    });
  }

  async serve(handler: RequestListener, protocol: Protocol = 'http'): Promise<Served> {
    const server = create(protocol, handler);
    const connections: Socket[] = [];
    server.on('connection', (socket: Socket) => connections.push(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const scheme = protocol === 'https' ? 'https' : 'http';
    const served = { server, port, url: `${scheme}://127.0.0.1:${port}`, connections };
    this.open.push(served);
    return served;
  }
}

function create(protocol: Protocol, handler: RequestListener): Server {
  if (protocol === 'https') return https.createServer(certificate(), handler);
  // The compatibility API: the handler need not know.
  if (protocol === 'http2') return http2.createServer(handler as never) as unknown as Server;
  return http.createServer(handler);
}

async function close({ server, connections }: Served): Promise<void> {
  const closed = [server, ...connections.filter((socket) => !socket.closed)].map((each) => once(each, 'close'));
  server.close();
  for (const socket of connections) socket.destroy();
  await Promise.all(closed);
}

let made: { key: Buffer; cert: Buffer } | undefined;

/** Of `localhost`, signed by itself; made once. */
export function certificate(): { key: Buffer; cert: Buffer } {
  if (made !== undefined) return made;
  const directory = mkdtempSync(join(tmpdir(), 'certificate-'));
  try {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost'];
    execFileSync('openssl', ['req', '-x509', ...kind, '-days', '2', '-keyout', key, '-out', cert], { stdio: 'pipe' });
    made = { key: readFileSync(key), cert: readFileSync(cert) };
    return made;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A connection on which a test writes and reads HTTP/1.1 by hand. */
export class RawClient {
  text = '';
  closed = false;
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setEncoding('latin1');
    this.socket.on('data', (chunk: string) => {
      this.text += chunk;
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
    });
  }

  /** @param head request line and headers, without the last empty line */
  send(head: string[], body = ''): this {
    this.socket.write(`${[...head, 'host: test', '', ''].join('\r\n')}${body}`);
    return this;
  }

  async received(pattern: RegExp): Promise<string> {
    await within(10_000, `${pattern} in ${JSON.stringify(this.text)}`, () => pattern.test(this.text));
    return this.text;
  }

  async end(): Promise<void> {
    await within(10_000, 'the connection to close', () => this.closed);
  }
}
