import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { within } from '../support/waiting.js';

/** Far more than anything takes: a busy machine must not fail a test. Less than the 20 s that the gateways grant. */
const LIMIT = 10_000;
const STOP_LIMIT = 3_000;

/** A line that a program writes. */
export interface Report {
  readonly event: string;
  /** Which request it is about: a path with the test's number, or the message of a gRPC call. */
  readonly request?: string;
  /** Host and port, when it listens. */
  readonly address?: string;
  /** What its context holds when a request arrives. */
  readonly traceId?: string;
  /** In ms since the epoch. */
  readonly deadline?: number;
  /** The field as it arrived. */
  readonly xDeadline?: string;
  /** How it ended: "done", "cancelled", "deadline exceeded"; a client's status. */
  readonly as?: string;
}

/** A program of any language that tells what it sees on its standard output, and ends when its standard input does. */
export class RunningProgram {
  private readonly reports: Report[] = [];
  private errors = '';
  /** Has ended, and all that it wrote has been read. */
  private gone = false;

  private constructor(private readonly process: ChildProcess) {
    if (process.stdout) createInterface(process.stdout).on('line', (line) => this.reports.push(JSON.parse(line)));
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    process.on('error', (error) => {
      this.errors += error.message;
    });
    process.once('close', () => {
      this.gone = true;
    });
    // It may have gone before it is told to.
    process.stdin?.on('error', () => {});
  }

  /** @param args paths among them are relative to this folder */
  static start(command: string, args: readonly string[]): RunningProgram {
    // A proxy, which gRPC takes even for loopback, and OpenTelemetry's own settings are not the tests' subject.
    const foreign = /^OTEL_|_proxy$|^NODE_OPTIONS$/i;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
    // An offset from UTC, in what Go writes.
    return new RunningProgram(spawn(command, args, { cwd: __dirname, env: { ...env, TZ: 'Asia/Kolkata' } }));
  }

  static node(program: string, ...args: string[]): RunningProgram {
    return RunningProgram.start(process.execPath, ['--require', './node/telemetry.cjs', `node/${program}`, ...args]);
  }

  /**
   * Waits for its first report of that event.
   *
   * @param request which request it must be about; by default none
   */
  async tells(event: string, request?: string): Promise<Report> {
    const find = () => this.reports.find((report) => report.event === event && report.request === request);
    // What it has told so far says more than that it was late.
    await within(LIMIT, event, () => find() !== undefined || this.gone).catch(() => {});
    const report = find();
    if (report) return report;
    throw new Error(`waited for "${event}" of ${request}: ${JSON.stringify(this.reports)} ${this.errors}`);
  }

  async address(): Promise<string> {
    return (await this.tells('listening')).address as string;
  }

  hasTold(event: string, request: string): boolean {
    return this.reports.some((report) => report.event === event && report.request === request);
  }

  endInput(): void {
    this.process.stdin?.end();
  }

  async stop(): Promise<void> {
    if (this.gone) return;
    const gone = once(this.process, 'close');
    this.endInput();
    const killer = setTimeout(() => this.process.kill('SIGKILL'), STOP_LIMIT);
    await gone;
    clearTimeout(killer);
  }
}
