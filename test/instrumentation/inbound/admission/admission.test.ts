import { setImmediate as turn } from 'node:timers/promises';
import { Admission, MAX_WAITING } from '../../../../src/instrumentation/inbound/admission/admission.js';
import type { Arrival, Refusal } from '../../../../src/instrumentation/inbound/admission/arrival.js';
import { LOOK_INTERVAL } from '../../../../src/instrumentation/inbound/admission/event-loop-load.js';
import { now } from '../../../../src/time/clock.js';
import { block, useFakeClock } from '../../../support/fake-clock.js';

/** A load that a test sets. */
class SetLoad {
  utilization = 1;
  recently = 1;
  interval = LOOK_INTERVAL;
  get isBusy(): boolean {
    return this.utilization > 0.95;
  }
  look(): boolean {
    return false;
  }
}

class Recorded implements Arrival {
  over = false;
  /** The CPU time of its handler, in ms. */
  cost = 0;
  constructor(
    readonly name: string,
    private readonly log: string[],
    readonly budget: number | undefined,
    /** In ms. */
    waited = 0,
  ) {
    this.readAt = now() - waited;
  }
  readonly readAt: number;
  readonly connection = undefined;
  isOver(): boolean {
    return this.over;
  }
  begin(): void {
    this.log.push(`${this.name} begins`);
    if (this.cost > 0) block(this.cost);
  }
  refuse(refusal: Refusal): void {
    this.log.push(`${this.name} refused: ${refusal}`);
  }
}

// Time passes only in handlers.
useFakeClock();

let load: SetLoad;
let admission: Admission;
let log: string[];

beforeEach(() => {
  load = new SetLoad();
  admission = new Admission(load);
  log = [];
});

function enqueue(name: string, budget = 1000, waited?: number): Recorded {
  const arrival = new Recorded(name, log, budget, waited);
  admission.enqueue(arrival);
  return arrival;
}

/** Until none waits. */
async function drain(): Promise<void> {
  for (let i = 0; admission.waitingCount > 0; i++) {
    expect(i).toBeLessThan(10_000);
    await turn();
  }
}

test('while the loop has time, a request begins at once', () => {
  load.utilization = 0.5;
  expect(admission.hasTime(now())).toBe(true);
});

test('while the loop is busy, or others wait, a request waits', async () => {
  expect(admission.hasTime(now())).toBe(false);
  enqueue('a');
  load.utilization = 0.5;
  expect(admission.hasTime(now())).toBe(false);
  await drain();
  expect(admission.hasTime(now())).toBe(true);
});

test('first come first served, while none has waited for long', async () => {
  for (const name of ['a', 'b', 'c']) enqueue(name);
  expect(log).toEqual([]);
  await drain();
  expect(log).toEqual(['a begins', 'b begins', 'c begins']);
});

test('newest first from the onset of an overload until none waits', async () => {
  enqueue('a', 1000, 60);
  for (const name of ['b', 'c']) enqueue(name);
  await drain();
  expect(log).toEqual(['c begins', 'b begins', 'a begins']);
  log.length = 0;
  for (const name of ['d', 'e']) enqueue(name);
  await drain();
  expect(log).toEqual(['d begins', 'e begins']);
});

test('a handler never begins for a caller who has gone', async () => {
  enqueue('a');
  const gone = enqueue('b');
  gone.over = true;
  await drain();
  expect([...log].sort()).toEqual(['a begins', 'b refused: time']);
});

test('a burst is worked off where all of it can be in time', async () => {
  for (let i = 0; i < 50; i++) enqueue(String(i), 1000).cost = 10;
  await drain();
  expect(log.filter((line) => line.endsWith('begins'))).toHaveLength(50);
});

test('of a burst that is too large, those are refused early whose turn would come too late', async () => {
  const refusedAt: number[] = [];
  const start = now();
  for (let i = 0; i < 50; i++) {
    const arrival = enqueue(String(i), 250);
    arrival.cost = 10;
    arrival.refuse = () => refusedAt.push(now() - start);
  }
  await drain();
  expect(log.length).toBeGreaterThanOrEqual(22);
  expect(refusedAt).toHaveLength(50 - log.length);
  expect(Math.max(...refusedAt)).toBeLessThan(150);
});

/** Twice as many requests come as can be answered. */
async function overload(budget: number | undefined): Promise<{ begun: number[]; refused: number[] }> {
  const waits = { begun: [] as number[], refused: [] as number[] };
  let count = 0;
  const come = () => {
    if (count++ >= 200) return;
    const arrival = new Recorded('', log, budget);
    arrival.begin = () => {
      waits.begun.push(now() - arrival.readAt);
      block(10);
      come();
      come();
    };
    arrival.refuse = () => waits.refused.push(now() - arrival.readAt);
    admission.enqueue(arrival);
  };
  come();
  await drain();
  return waits;
}

test('under overload what has waited for 30 % of its budget is refused, and the others begin soon', async () => {
  const { begun, refused } = await overload(200);
  const sorted = begun.toSorted((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(20);
  expect(refused.length).toBeGreaterThan(50);
  expect(Math.max(...refused)).toBeLessThan(60 + 2 * LOOK_INTERVAL);
});

test('what has no deadline is never refused for its wait', async () => {
  expect((await overload(undefined)).refused).toEqual([]);
});

test('whose turn it is begins, however long it has waited', async () => {
  enqueue('a', 200, 150);
  await drain();
  expect(log).toEqual(['a begins']);
});

test('for whom less time is left than any handler has needed lately, none begins', async () => {
  /** A request with a budget of 5 ms, and one with a second. */
  const pair = (name: string) => {
    enqueue(`tiny ${name}`, 5);
    const began = now();
    const patient = enqueue(`patient ${name}`);
    patient.begin = () => {
      log.push(`${patient.name} begins`);
      admission.begin(began);
      block(10);
      admission.finish(began);
    };
  };
  // While others wait, it is measured what handlers need.
  for (const name of ['a', 'b', 'c']) pair(name);
  await drain();
  log.length = 0;
  pair('d');
  await drain();
  expect(log).toEqual(['tiny d refused: time', 'patient d begins']);
});

test('none is refused for its wait when the loop has been idle lately', async () => {
  expect((await overload(3000)).refused).not.toEqual([]);
  load.recently = 0.5;
  expect((await overload(3000)).refused).toEqual([]);
});

test('a refusal that fails keeps nobody else from their turn', async () => {
  const failing = enqueue('a');
  failing.over = true;
  failing.refuse = () => {
    throw new Error('cannot be written to');
  };
  enqueue('b');
  await drain();
  expect(log).toEqual(['b begins']);
});

test('of too many the oldest is refused', async () => {
  for (let i = 0; i <= MAX_WAITING; i++) enqueue(String(i));
  expect(log).toEqual(['0 refused: full']);
  expect(admission.waitingCount).toBe(MAX_WAITING);
  await drain();
  expect(log).toHaveLength(MAX_WAITING + 1);
});

test('reads all that has arrived before a handler begins', async () => {
  let turns = 0;
  enqueue('a');
  const read = () => {
    admission.noteRead();
    if (++turns < 5) setImmediate(read);
  };
  setImmediate(read);
  await drain();
  expect(turns).toBe(5);
  expect(log).toEqual(['a begins']);
});
