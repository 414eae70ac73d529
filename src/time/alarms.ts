import { MAX_TIMER_DELAY, now } from './clock.js';

/**
 * Something that is due at an instant. All alarms share one platform timer, through a binary heap: a timer each would
 * cost 240 bytes a scope and, on Node, keep the async context alive in which it was made.
 */
export interface Alarm {
  /** When it rings, on the clock of {@link now}. Constant while set. */
  readonly due: number;
  /** Its place in the heap, or {@link UNSET}. Written by this module only. */
  slot: number;
  ring(): void;
  /** Clears itself when nobody is left who could notice that it rings. */
  clearIfAbandoned(): unknown;
}

export const UNSET = -1;

const heap: Alarm[] = [];

/** The size at which the heap is next searched for abandoned alarms: twice what was left the last time. */
let sweepAt = 1024;
const MIN_SWEEP_AT = sweepAt;

interface PlatformTimer {
  readonly id: ReturnType<typeof setTimeout>;
  /** When the alarm is due for which it was made, and when it fires itself: somewhat later, or earlier if clamped. */
  readonly due: number;
  readonly fires: number;
  /** The globals that made it: a test runner may have exchanged them since, and then it will never fire. */
  readonly setTimeout: typeof setTimeout;
  readonly clearTimeout: typeof clearTimeout;
}

let timer: PlatformTimer | undefined;

/** Sets an alarm, which must not be set yet. It rings once, never early, and does not keep the process alive. */
export function setAlarm(alarm: Alarm): void {
  if (heap.length >= sweepAt) sweep();
  place(alarm, heap.length);
  siftUp(alarm);
  arm();
}

/** Clears an alarm. Does nothing when it has rung, was cleared or was never set. */
export function clearAlarm(alarm: Alarm): void {
  if (alarm.slot === UNSET) return;
  remove(alarm);
  if (heap.length === 0) disarm();
}

/** How many alarms are set. For tests. */
export function pendingAlarms(): number {
  return heap.length;
}

/**
 * Abandoned alarms are found when the heap has doubled: a constant cost for each alarm, a bound of twice the live ones,
 * and none of the 100 bytes and 200 ns that a FinalizationRegistry takes for each.
 */
function sweep(): void {
  for (const alarm of [...heap]) alarm.clearIfAbandoned();
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
  // Rounded up, because an alarm must not ring early; a delay past the clamp finds nothing due and is armed again.
  const delay = Math.min(Math.max(Math.ceil(first.due - instant), 0), MAX_TIMER_DELAY);
  const { setTimeout, clearTimeout } = globalThis;
  const id = outsideRequests(() => setTimeout(ringDue, delay));
  // Node returns an object; browsers a number, which keeps nothing alive.
  (id as { unref?: () => void }).unref?.();
  timer = { id, due: first.due, fires: instant + delay, setTimeout, clearTimeout };
}

function disarm(): void {
  timer?.clearTimeout.call(globalThis, timer.id);
  timer = undefined;
}

/**
 * Runs `fn` in the async context in which this module was loaded. The one timer serves every request, so it must not
 * be made inside any of them: what rings would run in the AsyncLocalStorage of whichever request came first.
 */
const outsideRequests: <T>(fn: () => T) => T = (() => {
  // Not an import: this file runs in browsers too, where `process` is absent.
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
