import { join } from 'node:path';
import { ChildProcess } from '../../support/processes/child-process.js';

const fixture = (name: string) => join(__dirname, 'fixtures', name);

export type Order = 'alone' | 'ours first' | 'ours last' | 'disabled while it loads' | 'loaded before';

/** What a hop reports; instants are in ms on the machine's monotonic clock, which all processes share. */
export type Report =
  | { readonly event: 'listening'; readonly target: string }
  | { readonly event: 'arrived'; readonly at: number; readonly remaining: number; readonly timeout: number }
  | { readonly event: 'aborted'; readonly at: number; readonly code: string }
  | { readonly event: 'failed'; readonly at: number; readonly code: number; readonly caused: string | undefined };

/** A process that serves gRPC calls of each kind. */
export class Hop {
  target = '';

  private constructor(private readonly child: ChildProcess) {}

  static async start(module: 'cjs' | 'mjs', order: Order): Promise<Hop> {
    // Uncaught errors and unhandled rejections end it, as they would end a service.
    const flags = ['--require', fixture('set-up.cjs')];
    const hop = new Hop(ChildProcess.fork(fixture(`hop.${module}`), { args: [order], flags }));
    hop.target = (await hop.reported('listening')).target;
    return hop;
  }

  /** What nobody has waited for yet. */
  get reports(): Report[] {
    return this.child.messages as Report[];
  }

  connect(next: Hop): Promise<void> {
    return this.child.ask('connect', next.target);
  }

  /** Waits for the next report of that event, of which it takes note. */
  async reported<E extends Report['event']>(event: E): Promise<Extract<Report, { event: E }>> {
    const index = () => this.reports.findIndex((report) => report.event === event);
    await this.child.until(`a hop to report ${event}`, () => index() !== -1);
    return this.reports.splice(index(), 1)[0] as Extract<Report, { event: E }>;
  }

  /** How many alarms and timers it has. */
  count(): Promise<{ alarms: number; timers: number }> {
    return this.child.ask('count');
  }

  kill(): Promise<void> {
    return this.child.stop();
  }

  get gone(): boolean {
    return this.child.gone;
  }
}
