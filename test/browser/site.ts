import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived. */
export interface Arrival {
  readonly method: string;
  readonly path: string;
  readonly field: string | undefined;
  readonly traceparent: string | undefined;
  /** Whether the browser went away before the answer was complete. */
  aborted: boolean;
}

/**
 * A server on loopback: `/` is a page with a script, `/answer` answers at once, `/silence` never, `/stall` with the
 * beginning of a body.
 */
export class Site {
  readonly arrivals: Arrival[] = [];
  /** The names of the request fields that pages of other origins may send; `undefined`: not even the answer is theirs. */
  allowedFields: string | undefined;
  private readonly server = http.createServer((request, response) => this.serve(request, response));

  constructor(private readonly script = '') {}

  async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { method = '', url: path = '', headers } = request;
    if (this.allowedFields !== undefined) {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', this.allowedFields);
    }
    const pages: Record<string, [string, string]> = {
      '/': [
        'text/html',
        '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/script.js"></script>',
      ],
      '/script.js': ['text/javascript', this.script],
    };
    const page = pages[path];
    if (page !== undefined) return void response.setHeader('content-type', page[0]).end(page[1]);

    const { timebudget: field, traceparent } = headers as Record<string, string | undefined>;
    const arrival: Arrival = { method, path, field, traceparent, aborted: false };
    this.arrivals.push(arrival);
    response.on('close', () => {
      arrival.aborted = !response.writableFinished;
    });
    if (path === '/answer' || method === 'OPTIONS') response.end('answered');
    if (path === '/stall') response.write('beg');
  }
}
