import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { within } from '../../support/waiting.js';

const fixture = (name: string) => join(__dirname, 'fixtures', name);

export type Order = 'alone' | 'ours first' | 'ours last' | 'disabled while it loads' | 'loaded before';

/** What a hop reports; instants are in ms on the machine's monotonic clock, which all processes share. */
export type Report =
  | { readonly event: 'listening'; readonly target: string }
  | { readonly event: 'arrived'; readonly at: number; readonly remaining: number; readonly timeout: number }
  | { readonly event: 'aborted'; readonly at: number; readonly code: string }
  | { readonly event: 'failed'; readonly at: number; readonly code: number; readonly caused: string | undefined }
  | { readonly event: 'counted'; readonly alarms: number; readonly timers: number };

/** A process that serves gRPC calls of each kind. */
export class Hop {
  readonly reports: Report[] = [];
  target = '';

  private constructor(private readonly process: ChildProcess) {
    process.on('message', (report: Report) => this.reports.push(report));
  }

  static async start(module: 'cjs' | 'mjs', order: Order): Promise<Hop> {
    // A proxy, which grpc-js takes even for loopback, and OpenTelemetry's own settings are not the tests' subject.
    const foreign = /^OTEL_|_proxy$|^NODE_OPTIONS$/i;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
    // Uncaught errors and unhandled rejections end it, as they would end a service.
    const execArgv = ['--require', fixture('set-up.cjs')];
    const hop = new Hop(fork(fixture(`hop.${module}`), [order], { execArgv, env, serialization: 'advanced' }));
    hop.target = (await hop.reported('listening')).target;
    return hop;
  }

  connect(next: Hop): void {
    this.process.send({ connect: next.target });
  }

  /** Waits for the next report of that event, of which it takes note. */
  async reported<E extends Report['event']>(event: E): Promise<Extract<Report, { event: E }>> {
    const index = () => this.reports.findIndex((report) => report.event === event);
    await within(20_000, `a hop to report ${event}`, () => index() !== -1 || this.gone);
    const [report] = this.reports.splice(index(), 1);
    if (report?.event !== event) throw new Error(`a hop has gone: ${this.process.exitCode ?? this.process.signalCode}`);
    return report as Extract<Report, { event: E }>;
  }

  /** How many alarms and timers it has. */
  async count(): Promise<{ alarms: number; timers: number }> {
    this.process.send({ count: true });
    const { alarms, timers } = await this.reported('counted');
    return { alarms, timers };
  }

  async kill(): Promise<void> {
    if (this.gone) return;
    const exit = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exit;
  }

  get gone(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }
}
