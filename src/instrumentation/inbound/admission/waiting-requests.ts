import type { Arrival } from './arrival.js';

/** The requests that wait for their handlers, in the order in which they came. */
export class WaitingRequests {
  private requests: (Arrival | undefined)[] = [];
  /** The index of the oldest one in `requests`. */
  private head = 0;
  /** Those behind another request of their connection, by connection: pipelined requests keep their order. */
  private readonly behind = new Map<object, Arrival[]>();
  private behindCount = 0;

  get count(): number {
    return this.requests.length - this.head + this.behindCount;
  }

  get oldest(): Arrival | undefined {
    return this.requests[this.head];
  }

  add(arrival: Arrival): void {
    const { connection } = arrival;
    const behind = connection && this.behind.get(connection);
    if (behind !== undefined) {
      behind.push(arrival);
      this.behindCount++;
      return;
    }
    if (connection !== undefined) this.behind.set(connection, []);
    this.requests.push(arrival);
  }

  takeOldest(): Arrival | undefined {
    const arrival = this.requests[this.head];
    if (arrival === undefined) return undefined;
    this.requests[this.head] = undefined;
    this.head++;
    if (this.head > 64 && this.head * 2 > this.requests.length) {
      this.requests = this.requests.slice(this.head);
      this.head = 0;
    }
    this.leave(arrival);
    return arrival;
  }

  takeNewest(): Arrival | undefined {
    if (this.requests.length === this.head) return undefined;
    const arrival = this.requests.pop() as Arrival;
    this.leave(arrival);
    return arrival;
  }

  /**
   * Removes the requests for which `test` returns true.
   *
   * @param test gets a request, and how many newer ones were in the queue
   */
  removeWhere(test: (arrival: Arrival, newer: number) => boolean): void {
    const all = this.requests.slice(this.head);
    this.requests = [];
    this.head = 0;
    let newer = all.length;
    for (const arrival of all) {
      newer--;
      if (arrival === undefined) continue;
      if (test(arrival, newer)) this.leave(arrival);
      else this.requests.push(arrival);
    }
  }

  /** The next request of the same connection takes its place among the others. */
  private leave({ connection }: Arrival): void {
    const behind = connection && this.behind.get(connection);
    if (connection === undefined || behind === undefined) return;
    const next = behind.shift();
    if (next === undefined) {
      this.behind.delete(connection);
      return;
    }
    this.behindCount--;
    this.requests.push(next);
  }
}
