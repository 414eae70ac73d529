import { setImmediate as turn } from 'node:timers/promises';
import { Admission, MAX_WAITING } from '../../../../src/instrumentation/inbound/admission/admission.js';
import type { Arrival, Refusal } from '../../../../src/instrumentation/inbound/admission/arrival.js';
import { LOOK_INTERVAL } from '../../../../src/instrumentation/inbound/admission/event-loop-load.js';
import { now } from '../../../../src/time/clock.js';

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
  }
  refuse(refusal: Refusal): void {
    this.log.push(`${this.name} refused: ${refusal}`);
  }
}

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
    expect(i).toBeLessThan(1000);
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

test('under overload what has waited for a third of its budget is refused, and what has no deadline is not', async () => {
  admission.enqueue(new Recorded('no deadline', log, undefined, 5000));
  enqueue('patient', 1000, 100);
  enqueue('hopeless', 200, 100);
  await drain();
  expect(log).toEqual(['hopeless refused: time', 'patient begins', 'no deadline begins']);
});

test('none is refused for its wait when the loop has been idle lately', async () => {
  load.recently = 0.5;
  enqueue('a', 200, 100);
  await drain();
  expect(log).toEqual(['a begins']);
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
