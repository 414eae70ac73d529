import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { within } from '../support/waiting.js';

export type Transport = 'http.request' | 'fetch' | 'undici' | 'gRPC';
export type ModuleSystem = 'cjs' | 'mjs';

/** Far more than anything takes: a busy machine must not fail a test. */
export const LIMIT = 20_000;

const fixture = (name: string) => join(__dirname, 'fixtures', name);

interface Address {
  readonly httpUrl: string;
  readonly grpcTarget: string;
}

/** What a hop says of itself. */
export interface State extends Holdings {
  /** Handlers and outbound calls. */
  readonly inFlight: number;
  readonly arrivals: number;
  /** How often `abortSignal()` of a handler aborted, by the reason's code. */
  readonly aborted: Readonly<Record<string, number>>;
  /** How many calls failed, by the code of ours that caused it. */
  readonly failed: Readonly<Record<string, number>>;
  readonly troubles: readonly string[];
  readonly alarms: number;
}

/** Timers, sockets and other handles, by name; and how many listeners those have that outlive a request. */
export interface Holdings {
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: Readonly<Record<string, number>>;
}

/** A process of a chain. */
export class Hop {
  private readonly answers = new Map<unknown, unknown>();
  private questions = 0;
  address!: Address;

  private constructor(private readonly process: ChildProcess) {
    process.on('message', ({ id, answer }: { id: unknown; answer: unknown }) => this.answers.set(id, answer));
  }

  static async start(system: ModuleSystem): Promise<Hop> {
    // A proxy, which grpc-js takes even for loopback, and OpenTelemetry's own settings are not the tests' subject.
    const foreign = /^OTEL_|_proxy$|^NODE_OPTIONS$/i;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
    const execArgv = [system === 'cjs' ? '--require' : '--import', fixture('telemetry.cjs')];
    const hop = new Hop(fork(fixture(`hop.${system}`), { execArgv, env }));
    hop.address = (await hop.answer('address')) as Address;
    return hop;
  }

  async ask(command: 'connect' | 'state' | 'rest' | 'forget', argument?: unknown): Promise<unknown> {
    const id = this.questions++;
    this.process.send({ command, argument, id });
    return this.answer(id);
  }

  get gone(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  async kill(): Promise<void> {
    if (this.gone) return;
    const exit = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exit;
  }

  private async answer(id: unknown): Promise<unknown> {
    await within(LIMIT, 'a hop to answer', () => this.answers.has(id) || this.gone);
    if (!this.answers.has(id)) throw new Error(`a hop has gone: ${this.process.exitCode ?? this.process.signalCode}`);
    const answer = this.answers.get(id);
    this.answers.delete(id);
    return answer;
  }
}

/** Five processes, each of which calls the next. */
export class Chain {
  private constructor(readonly hops: readonly Hop[]) {}

  /** @param over how each hop but the last calls the next one */
  static async start(over: readonly Transport[], systems: readonly ModuleSystem[]): Promise<Chain> {
    const hops = await Promise.all(systems.map((system) => Hop.start(system)));
    for (const [i, transport] of over.entries()) {
      await hops[i]?.ask('connect', { over: transport, to: hops[i + 1]?.address });
    }
    return new Chain(hops);
  }

  get url(): string {
    return (this.hops[0] as Hop).address.httpUrl;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The state of each hop that lives. */
  async states(): Promise<State[]> {
    return (await Promise.all(this.living.map((hop) => hop.ask('state')))) as State[];
  }

  async forget(): Promise<void> {
    await Promise.all(this.living.map((hop) => hop.ask('forget')));
  }

  /** Waits until the states are as `condition` wants them. */
  async reaches(what: string, condition: (states: State[]) => boolean): Promise<State[]> {
    const end = Date.now() + LIMIT;
    let states = await this.states();
    while (!condition(states)) {
      if (Date.now() > end) throw new Error(`waited for ${what}: ${JSON.stringify(states)}`);
      states = await this.states();
    }
    return states;
  }

  /** Waits until nothing is in flight and idle connections are closed; tells what each hop holds then. */
  async atRest(): Promise<Holdings[]> {
    await this.reaches('the hops to rest', (states) => states.every(({ inFlight }) => inFlight === 0));
    let holdings = await this.rest();
    // Closing takes both sides some turns, and timers of Node's own a second.
    for (let same = 0; same < 50; same++) {
      const last = JSON.stringify(holdings);
      holdings = await this.rest();
      if (JSON.stringify(holdings) !== last) same = 0;
    }
    return holdings;
  }

  /** What the hops hold, at rest, that they did not hold before: nothing, or what is still there after some seconds. */
  async leftOver(before: readonly Holdings[]): Promise<string[]> {
    await this.reaches('the hops to rest', (states) => states.every(({ inFlight }) => inFlight === 0));
    let more = moreThan(before, await this.rest());
    for (const end = Date.now() + 5_000; more.length > 0 && Date.now() < end; ) {
      more = moreThan(before, await this.rest());
    }
    return more;
  }

  /** Lets all hops close connections that nobody uses. */
  private async rest(): Promise<Holdings[]> {
    await Promise.all(this.living.map((hop) => hop.ask('rest')));
    await new Promise((resolve) => setTimeout(resolve, 20));
    return (await this.states()).map(({ resources, listeners }) => ({ resources, listeners }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.hops.map((hop) => hop.kill()));
  }

  private get living(): Hop[] {
    return this.hops.filter((hop) => !hop.gone);
  }
}

function moreThan(before: readonly Holdings[], after: readonly Holdings[]): string[] {
  return after.flatMap((holdings, i) =>
    (['resources', 'listeners'] as const).flatMap((kind) =>
      Object.entries(holdings[kind])
        .map(([name, count]) => ({ name, count, had: before[i]?.[kind][name] ?? 0 }))
        .filter(({ count, had }) => count > had)
        .map(({ name, count, had }) => `hop ${i + 1}, ${kind}: ${name}, ${had} before, ${count} after`),
    ),
  );
}
