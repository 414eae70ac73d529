import { MAX_TIMER_DELAY, now } from './clock.js';

/**
 * An object with a method `ring` that is called at an instant. All alarms share one platform timer, through a binary
 * heap: a timer for each scope would cost 240 bytes and, on Node, keep the async context alive in which it was made.
 */
export interface Alarm {
  /** When the alarm rings, on the clock of {@link now}. Must not change while the alarm is set. */
  readonly due: number;
  /** The index of the alarm in the heap, or {@link UNSET}. Written by this module only. */
  slot: number;
  ring(): void;
  /** Clears the alarm if its ringing would have no effect, because the scope has been garbage-collected. */
  clearIfUnreachable(): void;
}

export const UNSET = -1;

const heap: Alarm[] = [];

/** The size of the heap at which it is next searched for abandoned alarms: twice the size after the last search. */
let sweepAt = 1024;
const MIN_SWEEP_AT = sweepAt;

interface PlatformTimer {
  readonly id: ReturnType<typeof setTimeout>;
  /** When the alarm is due for which the timer was made. */
  readonly due: number;
  /** When the timer fires: rounded up to whole ms, or earlier than `due` where the delay was clamped. */
  readonly fires: number;
  /** The globals that made the timer. If a test runner has replaced them since, the timer will never fire. */
  readonly setTimeout: typeof setTimeout;
  readonly clearTimeout: typeof clearTimeout;
}

let timer: PlatformTimer | undefined;

/** Sets an alarm that is not set yet. The alarm rings once, never early, and does not keep the process alive. */
export function setAlarm(alarm: Alarm): void {
  if (heap.length >= sweepAt) sweep();
  place(alarm, heap.length);
  siftUp(alarm);
  arm();
}

/** Clears an alarm. Does nothing when the alarm has rung, was cleared or was never set. */
export function clearAlarm(alarm: Alarm): void {
  if (alarm.slot === UNSET) return;
  remove(alarm);
  if (heap.length === 0) disarm();
}

/** The number of alarms that are set. For tests. */
export function pendingAlarms(): number {
  return heap.length;
}

/**
 * Clears abandoned alarms. It runs when the heap has doubled, so the cost for each alarm is constant and the heap holds
 * at most twice the live alarms. A FinalizationRegistry would cost 100 bytes and 200 ns for each alarm.
 */
function sweep(): void {
  for (const alarm of [...heap]) alarm.clearIfUnreachable();
  sweepAt = Math.max(2 * heap.length, MIN_SWEEP_AT);
}

function ringDue(): void {
  timer = undefined;
  const instant = now();
  try {
    for (let first = heap[0]; first !== undefined && first.due <= instant; first = heap[0]) {
      remove(first);
      first.ring();
    }
  } finally {
    arm();
  }
}

function arm(): void {
  const first = heap[0];
  if (first === undefined) return;
  const instant = now();
  if (timer && timer.due <= first.due && timer.fires >= instant && timer.setTimeout === globalThis.setTimeout) return;
  disarm();
  // Rounded up, because an alarm must not ring early. A clamped timer finds no alarm due, and is armed again.
  const delay = Math.min(Math.max(Math.ceil(first.due - instant), 0), MAX_TIMER_DELAY);
  const { setTimeout, clearTimeout } = globalThis;
  const id = outsideRequests(() => setTimeout(ringDue, delay));
  // Node's timer keeps the process alive until `unref`. Browsers return a number.
  (id as { unref?: () => void }).unref?.();
  timer = { id, due: first.due, fires: instant + delay, setTimeout, clearTimeout };
}

function disarm(): void {
  timer?.clearTimeout.call(globalThis, timer.id);
  timer = undefined;
}

/**
 * Runs `fn` in the async context in which this module was loaded. One timer serves all requests: if it were made inside
 * a request, the alarms of other requests would ring in the AsyncLocalStorage of that one.
 */
const outsideRequests: <T>(fn: () => T) => T = (() => {
  // Not imported: browsers have neither this module nor `process`.
  const hooks = globalThis.process?.getBuiltinModule?.('node:async_hooks');
  return hooks?.AsyncLocalStorage.snapshot() ?? ((fn) => fn());
})();

function place(alarm: Alarm, slot: number): void {
  heap[slot] = alarm;
  alarm.slot = slot;
}

function remove(alarm: Alarm): void {
  const { slot } = alarm;
  const last = heap.pop() as Alarm;
  alarm.slot = UNSET;
  if (last === alarm) return;
  place(last, slot);
  siftUp(last);
  siftDown(last);
}

function siftUp(alarm: Alarm): void {
  while (alarm.slot > 0) {
    const slot = alarm.slot;
    const above = heap[(slot - 1) >> 1] as Alarm;
    if (above.due <= alarm.due) return;
    place(alarm, above.slot);
    place(above, slot);
  }
}

function siftDown(alarm: Alarm): void {
  for (;;) {
    const slot = alarm.slot;
    const left = heap[2 * slot + 1];
    const right = heap[2 * slot + 2];
    const below = right !== undefined && left !== undefined && right.due < left.due ? right : left;
    if (below === undefined || below.due >= alarm.due) return;
    place(alarm, below.slot);
    place(below, slot);
  }
}
