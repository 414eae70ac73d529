import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ChildProcess } from '../support/processes/child-process.js';

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
export class ChainProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly address: Address,
  ) {}

  static async start(system: ModuleSystem): Promise<ChainProcess> {
    const flags = [system === 'cjs' ? '--require' : '--import', fixture('telemetry.cjs')];
    const child = ChildProcess.fork(fixture(`hop.${system}`), { flags });
    return new ChainProcess(child, await child.firstMessage<Address>());
  }

  ask<T>(command: 'connect' | 'state' | 'rest' | 'forget', argument?: unknown): Promise<T> {
    return this.child.ask(command, argument);
  }

  get gone(): boolean {
    return this.child.gone;
  }

  kill(): Promise<void> {
    return this.child.stop();
  }
}

/** Five processes, each of which calls the next. */
export class Chain {
  private constructor(readonly hops: readonly ChainProcess[]) {}

  /** @param over how each hop but the last calls the next one */
  static async start(over: readonly Transport[], systems: readonly ModuleSystem[]): Promise<Chain> {
    const hops = await Promise.all(systems.map((system) => ChainProcess.start(system)));
    for (const [i, transport] of over.entries()) {
      await hops[i]?.ask('connect', { over: transport, to: hops[i + 1]?.address });
    }
    return new Chain(hops);
  }

  get url(): string {
    return (this.hops[0] as ChainProcess).address.httpUrl;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The state of each hop that lives. */
  async states(): Promise<State[]> {
    return Promise.all(this.living.map((hop) => hop.ask<State>('state')));
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
      // The hops have work to do beside answering.
      await pause(20);
      states = await this.states();
    }
    return states;
  }

  /** Waits until nothing is in flight and idle connections are closed; tells what each hop holds then. */
  async atRest(): Promise<Holdings[]> {
    await this.reaches('the hops to rest', (states) => states.every(({ inFlight }) => inFlight === 0));
    let holdings = await this.rest();
    // Closing takes both sides some turns, and timers of Node's own a second.
    for (let same = 0; same < 12; same++) {
      const last = JSON.stringify(holdings);
      holdings = await this.rest(100);
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

  /** Lets all hops close connections that nobody uses, and looks at what they hold `ms` later. */
  private async rest(ms = 20): Promise<Holdings[]> {
    await Promise.all(this.living.map((hop) => hop.ask('rest')));
    await pause(ms);
    return (await this.states()).map(({ resources, listeners }) => ({ resources, listeners }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.hops.map((hop) => hop.kill()));
  }

  private get living(): ChainProcess[] {
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
