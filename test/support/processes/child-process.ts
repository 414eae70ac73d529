import { type ForkOptions, fork, type ChildProcess as NodeProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { cleanEnvironment } from './clean-environment.cjs';

/** In ms. Far more than anything takes: a busy machine must not fail a test. Less than jest's own limit for a hook. */
const LIMIT = 50_000;

/** In ms: for a process that was asked to end by itself. */
const STOP_LIMIT = 3_000;

export interface ChildOptions {
  /** The program's own arguments. */
  readonly args?: readonly string[];
  /** Options of `node`. */
  readonly flags?: readonly string[];
  /** Variables beside the cleaned environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** The path of another Node. */
  readonly node?: string;
}

/** What a program left that has run to its end. */
export interface Finished {
  /** Its last message. */
  // biome-ignore lint/suspicious/noExplicitAny: each program has a report of its own
  readonly report: any;
  /** The exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** What serve-commands.cjs sends. */
interface Answer {
  /** The id of the question. */
  readonly answers: number;
  readonly result?: unknown;
  readonly failure?: string;
}

function isAnswer(message: unknown): message is Answer {
  return typeof (message as Partial<Answer> | null)?.answers === 'number';
}

const running = new Set<ChildProcess>();

// Whatever happened in a test file, hooks that failed included.
afterAll(async () => {
  await Promise.all([...running].map((child) => child.stop()));
});

/** A process that a test starts. Who waits for it gets its standard error when it ends too early or takes too long. */
export class ChildProcess {
  /** All that it has written so far. */
  stdout = '';
  stderr = '';
  /** What it sent by itself. */
  readonly messages: unknown[] = [];
  private readonly answers = new Map<number, Answer>();
  private questions = 0;
  /** How it ended, once all has been read that it wrote and sent. */
  private end: number | string | undefined;
  /** Emits 'heard' when it wrote or sent something, and when it ended. */
  private readonly news = new EventEmitter().setMaxListeners(0);

  private constructor(
    private readonly name: string,
    private readonly process: NodeProcess,
  ) {
    running.add(this);
    process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.news.emit('heard');
    });
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.news.emit('heard');
    });
    process.on('message', (message: unknown) => {
      if (isAnswer(message)) this.answers.set(message.answers, message);
      else this.messages.push(message);
      this.news.emit('heard');
    });
    process.on('error', (error) => {
      this.stderr += error.message;
      // A program that could not be started has no 'close'.
      if (process.pid === undefined) this.ended('it did not start');
    });
    process.on('close', (code, signal) => this.ended(code ?? signal ?? ''));
    // The process may have gone before it is written to.
    process.stdin?.on('error', () => {});
  }

  /** Starts a module of Node that sends messages. */
  static fork(file: string, options: ChildOptions = {}): ChildProcess {
    const { args = [], flags = [], env, cwd, node } = options;
    const forkOptions: ForkOptions = {
      execArgv: [...flags],
      env: cleanEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Keeps what JSON loses: Infinity, Map, undefined.
      serialization: 'advanced',
      ...(cwd !== undefined && { cwd }),
      ...(node !== undefined && { execPath: node }),
    };
    return new ChildProcess(file, fork(file, args, forkOptions));
  }

  /** Starts any program. */
  static spawn(command: string, options: Omit<ChildOptions, 'flags' | 'node'> = {}): ChildProcess {
    const { args = [], env, cwd } = options;
    return new ChildProcess(
      command,
      spawn(command, args, { env: cleanEnvironment(env), ...(cwd !== undefined && { cwd }) }),
    );
  }

  /**
   * Runs a module of Node to its end.
   *
   * @throws when it ends without a report, or not in time
   */
  static async run(file: string, options?: ChildOptions): Promise<Finished> {
    const child = ChildProcess.fork(file, options);
    const code = await child.close();
    if (child.messages.length === 0) throw child.failure('a report');
    return { report: child.messages.at(-1), code, stdout: child.stdout, stderr: child.stderr };
  }

  /** Writes all of its standard input. */
  input(text = ''): void {
    this.process.stdin?.end(text);
  }

  get gone(): boolean {
    return this.end !== undefined;
  }

  /** Has a command carried out by a process that serves them (serve-commands.cjs), and returns its result. */
  async ask<T>(name: string, ...args: unknown[]): Promise<T> {
    const id = ++this.questions;
    if (this.process.connected) this.process.send({ id, name, args });
    await this.until(`the answer to ${name}`, () => this.answers.has(id));
    const { result, failure } = this.answers.get(id) as Answer;
    this.answers.delete(id);
    if (failure !== undefined) throw new Error(failure);
    return result as T;
  }

  /** Its first message. */
  async firstMessage<T>(): Promise<T> {
    await this.until('its first message', () => this.messages.length > 0);
    return this.messages[0] as T;
  }

  /**
   * Waits until `condition` holds, which only the process can bring about: it is looked at when that is heard of.
   *
   * @throws as soon as the process has ended without it, or when `limit` ms have passed
   */
  async until(what: string, condition: () => boolean, limit = LIMIT): Promise<void> {
    const over = AbortSignal.timeout(limit);
    while (!this.gone && !condition() && !over.aborted) {
      await once(this.news, 'heard', { signal: over }).catch(() => {});
    }
    if (!condition()) throw this.failure(what, limit);
  }

  /** Waits until it ends by itself. Returns the exit code, or the signal that ended it. */
  async close(): Promise<number | string> {
    await this.until('its end', () => this.gone).catch(async (failure) => {
      await this.stop();
      throw failure;
    });
    return this.end as number | string;
  }

  /** Ends it: at once, or when it has not ended by itself some seconds after it was asked to. */
  async stop(ask?: 'end of input' | NodeJS.Signals): Promise<void> {
    if (this.gone) return;
    const gone = once(this.process, 'close');
    if (ask === 'end of input') this.input();
    else this.process.kill(ask ?? 'SIGKILL');
    const killer = setTimeout(() => this.process.kill('SIGKILL'), STOP_LIMIT);
    await gone;
    clearTimeout(killer);
  }

  private ended(how: number | string): void {
    this.end = how;
    running.delete(this);
    this.news.emit('heard');
  }

  private failure(what: string, limit = LIMIT): Error {
    const how = this.end === undefined ? `waited ${limit} ms for ${what}` : `ended with ${this.end} before ${what}`;
    return new Error(`${this.name}: ${how}\n${this.stderr}`);
  }
}
