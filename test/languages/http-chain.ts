import { once } from 'node:events';
import { type ClientRequest, type OutgoingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { type Report, RunningProgram } from './running-program.js';

export type HopLanguage = 'Go' | 'Node';
export type NodeClient = 'http.request' | 'fetch';

/** Three services, each a process: the first gets the requests, the last answers them. */
export class HttpChain {
  private requests = 0;
  /** The target of the last one. */
  request = '';

  private constructor(
    /** From the first to the last. */
    readonly hops: readonly RunningProgram[],
    private readonly url: string,
  ) {}

  /**
   * @param client how hops in Node call the next one
   * @param goPrograms the folder in which they have been built
   */
  static async start(languages: readonly HopLanguage[], client: NodeClient, goPrograms: string): Promise<HttpChain> {
    const hops: RunningProgram[] = [];
    let url: string | undefined;
    try {
      for (const language of languages.toReversed()) {
        const hop = language === 'Go' ? startGo(goPrograms, url) : startNode(client, url);
        hops.unshift(hop);
        url = `http://${await hop.address()}`;
      }
    } catch (error) {
      await Promise.all(hops.map((hop) => hop.stop()));
      throw error;
    }
    return new HttpChain(hops, url as string);
  }

  /** Makes a request on a connection of its own: `destroy` hangs up. */
  send(path: string, headers: OutgoingHttpHeaders = {}): ClientRequest {
    this.request = `${path}?${++this.requests}`;
    const sent = request(this.url + this.request, { agent: false, headers });
    // That it failed is seen by who waits for the response, and expected by who hangs up.
    return sent.on('error', () => {}).end();
  }

  /** Makes a request and waits for the status of its answer. */
  async get(path: string, headers?: OutgoingHttpHeaders): Promise<number> {
    const [response] = await once(this.send(path, headers), 'response');
    response.resume();
    return response.statusCode;
  }

  /** What each hop tells of the last request. */
  async tell(event: string): Promise<Report[]> {
    return Promise.all(this.hops.map((hop) => hop.tells(event, this.request)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.hops.map((hop) => hop.stop()));
  }
}

function startGo(programs: string, next: string | undefined): RunningProgram {
  return next === undefined
    ? RunningProgram.start(join(programs, 'service'), [])
    : RunningProgram.start(join(programs, 'gateway'), [next]);
}

function startNode(client: NodeClient, next: string | undefined): RunningProgram {
  return RunningProgram.node('http-hop.cjs', client, ...(next === undefined ? [] : [next]));
}
