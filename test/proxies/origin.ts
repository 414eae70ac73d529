import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  /** The headers with which the request arrived at the origin; `undefined` when it was refused on the way. */
  readonly arrived: IncomingHttpHeaders | undefined;
}

/** The server behind the proxies. It answers with the headers that it got. */
export async function startOrigin(): Promise<Server> {
  const server = createServer((incoming, response) => response.end(JSON.stringify(incoming.headers)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export async function stopOrigin(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** A request of its own connection. */
export async function get(port: number, headers: OutgoingHttpHeaders): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port, headers, agent: false, signal: AbortSignal.timeout(10_000) });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  const status: number = response.statusCode;
  const body = await text(response);
  return { status, arrived: status === 200 ? JSON.parse(body) : undefined };
}
