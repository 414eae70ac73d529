import { diag } from '@opentelemetry/api';
import { now } from '../../../time/clock.js';
import type { Arrival, Refusal } from './arrival.js';
import { EventLoopLoad, LOOK_INTERVAL, type Load } from './event-loop-load.js';
import { StartLimit } from './start-limit.js';
import { areTimersFaked, nextTurn, wakeAfter } from './turns.js';
import { Unfinished } from './unfinished.js';
import { WaitingRequests } from './waiting-requests.js';

/** For how long handlers begin, in ms, before the loop is let read again. */
const SLICE = 2;
/** So many turns in a row that bring nothing show that all has been read. A hang-up takes some to come up to its request. */
const QUIET_TURNS = 6;
/** For how many turns, or for how many ms, the loop reads at most. */
const READ_TURNS = 8;
const READ_TIME = 10;
/** The share of the last slice's time for which it may read beyond that. */
const READ_SHARE = 0.5;
/** Of its budget. Under overload, a request that has waited longer is refused: its caller would wait for nothing. */
const PATIENCE = 0.3;
/** Unless the loop has been idle lately: then all that wait will soon have begun. */
const HOPELESS = 0.8;
/** The wait of the oldest request that shows a real overload: this long, in ms, or this share of its budget. */
const ONSET = 50;
const ONSET_SHARE = 0.25;
/** What a request without a deadline counts as, in ms. */
const ASSUMED_BUDGET = 1000;
/** In ms. How long the limit holds back at most before the load is looked at again. */
const RECHECK = 5;
export const MAX_WAITING = 4096;

/**
 * Decides when, and in which order, the requests that have been read reach their handlers. One for all servers of a
 * thread, because they share its event loop.
 *
 * While the loop has time, a request begins at once. When it has none, requests wait until the loop has read all that
 * has arrived. Then it is known whose caller has hung up: Node accepts one connection a turn, and a hang-up lies behind
 * its request in the kernel's buffer. Those that are left begin, first come first served. From the onset of a real
 * overload until none waits, the newest begins first: else all wait until they just miss their deadlines.
 */
export class Admission {
  private readonly limit = new StartLimit();
  private readonly unfinished = new Unfinished();
  private readonly waiting = new WaitingRequests();
  private overloaded = false;
  /** Whether the next turn is ordered. */
  private isTurnOrdered = false;
  private isWakeOrdered = false;
  /** How much the servers have read so far: connections, streams, requests. */
  private read = 0;
  /** The same, before the current turn. */
  private readBefore = 0;
  private turns = 0;
  private quietTurns = 0;
  private readUntil = 0;
  private sweptAt = 0;

  /** @param load replaced in tests */
  constructor(private readonly load: Load = new EventLoopLoad()) {}

  get waitingCount(): number {
    return this.waiting.count;
  }

  /** A server has read something. */
  noteRead(): void {
    this.read++;
  }

  /** Whether a request that has just been read may begin at once. */
  hasTime(instant: number): boolean {
    if (this.load.look(instant)) this.adjust(instant);
    return (this.waiting.count === 0 && !this.load.isBusy) || areTimersFaked;
  }

  /** A request for which there is no time has to wait: it begins later, or is refused. */
  enqueue(arrival: Arrival): void {
    this.waiting.add(arrival);
    const tooMany = this.waiting.count > MAX_WAITING ? this.waiting.takeOldest() : undefined;
    if (tooMany !== undefined) refuse(tooMany, 'full');
    this.orderTurn(arrival.readAt);
  }

  /** A handler begins. Returns what {@link finish} has to be given. */
  begin(): number {
    return this.unfinished.begin();
  }

  finish(generation: number): void {
    this.unfinished.finish(generation);
    if (this.waiting.count > 0) this.orderTurn(now());
  }

  private orderTurn(instant: number): void {
    if (this.isTurnOrdered) return;
    this.isTurnOrdered = true;
    this.readBefore = this.read;
    this.turns = 0;
    this.quietTurns = 0;
    this.readUntil = instant + READ_TIME;
    nextTurn(this.turn);
  }

  private readonly turn = (): void => {
    const instant = now();
    if (this.isReading(instant)) {
      nextTurn(this.turn);
      return;
    }
    this.isTurnOrdered = false;
    try {
      if (this.load.look(instant)) this.adjust(instant);
      this.noticeOverload(instant);
      this.sweep(instant);
      this.beginSome(instant);
    } finally {
      // Also where a handler has thrown.
      this.orderNext(instant);
    }
  };

  /** Whether there may be more to read. */
  private isReading(instant: number): boolean {
    this.quietTurns = this.read === this.readBefore ? this.quietTurns + 1 : 0;
    this.readBefore = this.read;
    this.turns++;
    return this.quietTurns < QUIET_TURNS && (this.turns <= READ_TURNS || instant < this.readUntil);
  }

  private beginSome(instant: number): void {
    const end = instant + SLICE;
    for (let at = instant; at < end && this.waiting.count > 0; at = now()) {
      if (!this.limit.allows(this.unfinished.count)) return;
      const arrival = this.overloaded ? this.waiting.takeNewest() : this.waiting.takeOldest();
      if (arrival === undefined) return;
      if (arrival.isOver()) refuse(arrival, 'time');
      else arrival.begin();
    }
  }

  private orderNext(began: number): void {
    if (this.waiting.count === 0) {
      this.overloaded = false;
      return;
    }
    const instant = now();
    if (this.limit.allows(this.unfinished.count)) {
      this.orderTurn(instant);
      this.readUntil = instant + Math.max(READ_TIME, (instant - began) * READ_SHARE);
    } else if (!this.isWakeOrdered) {
      // A request that finishes orders the next turn. No turn before: while one is ordered the loop never looks idle.
      this.isWakeOrdered = true;
      wakeAfter(this.wake, RECHECK);
    }
  }

  private readonly wake = (): void => {
    this.isWakeOrdered = false;
    if (this.waiting.count > 0) this.orderTurn(now());
  };

  private adjust(instant: number): void {
    this.unfinished.advance(instant);
    const { count } = this.unfinished;
    this.limit.adjust(this.load, count, this.waiting.count > 0);
  }

  private noticeOverload(instant: number): void {
    const { oldest } = this.waiting;
    if (oldest === undefined || this.overloaded) return;
    const { readAt, budget = ASSUMED_BUDGET } = oldest;
    if (instant - readAt < Math.min(ONSET, budget * ONSET_SHARE)) return;
    this.overloaded = true;
  }

  /** Refuses those for which there is no hope, so that they don't wait, and take no memory. */
  private sweep(instant: number): void {
    if (instant - this.sweptAt < LOOK_INTERVAL) return;
    this.sweptAt = instant;
    const isHopeless = this.overloaded && this.load.recently > HOPELESS;
    this.waiting.removeWhere((arrival) => {
      const isRefused = arrival.isOver() || (isHopeless && hasWaitedTooLong(arrival, instant));
      if (isRefused) refuse(arrival, 'time');
      return isRefused;
    });
  }
}

function hasWaitedTooLong({ readAt, budget }: Arrival, instant: number): boolean {
  return budget !== undefined && instant - readAt > budget * PATIENCE;
}

/** The others must not wait for ever because one response cannot be written to. */
function refuse(arrival: Arrival, refusal: Refusal): void {
  try {
    arrival.refuse(refusal);
  } catch (error) {
    diag.error('a request that had waited too long was not answered', error);
  }
}

/** The admission of this thread. */
export const admission = new Admission();
