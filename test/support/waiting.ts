import { setTimeout as pause } from 'node:timers/promises';

/** Waits until `condition` holds, for `limit` ms at most of the real time, which fake timers leave alone. */
export async function within(limit: number, what: string, condition: () => boolean): Promise<void> {
  for (const end = realTime() + limit; !condition(); await pause(2)) {
    if (realTime() > end) throw new Error(`waited ${limit} ms for ${what}`);
  }
}

/** Taken before a test fakes it. */
const { bigint: nanoseconds } = process.hrtime;

function realTime(): number {
  return Number(nanoseconds()) / 1e6;
}

/** A promise that is settled from outside. */
export class Settled<T> {
  resolve!: (value: T | PromiseLike<T>) => void;
  reject!: (reason: unknown) => void;
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}
