import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Served, Servers } from '../http/servers.js';

/** A request that has arrived. */
export interface Arrival {
  readonly path: string;
  /** Each field, with a value for each line. */
  readonly fields: NodeJS.Dict<string[]>;
  /** Whether its connection was closed before it was answered. */
  aborted: boolean;
}

type Answer = (response: ServerResponse, ...parameters: string[]) => unknown;

/** What the first part of a path asks for. Durations are in ms. */
const answers: Record<string, Answer> = {
  answer: (response) => response.end('answered'),
  after: (response, ms) => setTimeout(() => response.end('answered'), Number(ms)),
  silence: () => {},
  stall: (response) => response.write('the beginning'),
  unavailable: (response) => response.writeHead(503).end(),
  reset: (response) => response.socket?.destroy(),
  redirect(response, hops, ms) {
    const location = hops === '1' ? '/answer' : `/redirect/${Number(hops) - 1}/${ms}`;
    setTimeout(() => response.writeHead(302, { location }).end(), Number(ms));
  },
};

/** A server for each test of a file. */
export class Origin {
  readonly arrivals: Arrival[] = [];
  private readonly servers = new Servers();
  private served: Served | undefined;

  constructor() {
    beforeEach(async () => {
      this.arrivals.length = 0;
      this.served = await this.servers.serve((request, response) => this.handle(request, response));
    });
  }

  /** An address on it. */
  url(path = ''): string {
    return `${this.served?.url}${path}`;
  }

  /** All connections that were ever made to it. */
  get connections(): Socket[] {
    return this.served?.connections ?? [];
  }

  /** What happens to a request for an upgrade, which does not count as an arrival. */
  onUpgrade(listener: (request: IncomingMessage, socket: Duplex) => void): void {
    this.served?.server.on('upgrade', listener);
  }

  /** The lines of a field, of each request in the order of arrival. */
  lines(field: string): (string[] | undefined)[] {
    return this.arrivals.map(({ fields }) => fields[field]);
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    const arrival = { path, fields: request.headersDistinct, aborted: false };
    this.arrivals.push(arrival);
    // A connection that is not read does not tell that it was closed.
    request.resume();
    response.on('close', () => {
      arrival.aborted = !response.writableFinished;
    });
    const [name = '', ...parameters] = path.split('?', 1)[0]?.split('/').slice(1) ?? [];
    answers[name]?.(response, ...parameters);
  }
}
