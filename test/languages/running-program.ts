import { ChildProcess } from '../support/processes/child-process.js';

/** Far more than anything takes: a busy machine must not fail a test. Less than the 20 s that the gateways grant. */
const LIMIT = 10_000;

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

/** A program of any language that reports what it sees on its standard output, and ends when its standard input does. */
export class RunningProgram {
  private constructor(private readonly process: ChildProcess) {}

  /** @param args paths among them are relative to this folder */
  static start(command: string, args: readonly string[]): RunningProgram {
    // An offset from UTC, in what Go writes.
    return new RunningProgram(ChildProcess.spawn(command, { args, cwd: __dirname, env: { TZ: 'Asia/Kolkata' } }));
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
    const what = `"${event}" of ${request}`;
    const find = () => this.reports.find((report) => report.event === event && report.request === request);
    await this.process
      .until(what, () => find() !== undefined, LIMIT)
      .catch((error: Error) => {
        throw new Error(`${error.message}\n${this.process.stdout}`);
      });
    return find() as Report;
  }

  async address(): Promise<string> {
    return (await this.tells('listening')).address as string;
  }

  hasTold(event: string, request: string): boolean {
    return this.reports.some((report) => report.event === event && report.request === request);
  }

  endInput(): void {
    this.process.input();
  }

  stop(): Promise<void> {
    return this.process.stop('end of input');
  }

  /** The whole lines that it has written. */
  private get reports(): Report[] {
    const lines = this.process.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  }
}
