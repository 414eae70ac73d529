import { diag } from '@opentelemetry/api';
import { now } from '../../../time/clock.js';
import type { Arrival, Refusal } from './arrival.js';
import { EventLoopLoad, LOOK_INTERVAL, type Load } from './event-loop-load.js';
import { Flow } from './flow.js';
import { ShortestTime } from './shortest-time.js';
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
/** Of its budget. Under overload, a request that has waited longer is refused, unless its turn will come in time. */
const PATIENCE = 0.3;
/** Of their budgets: in so much time has to finish what begins under overload. */
const TURNAROUND = 0.4;
/** The weight of a request in the mean of the budgets. */
const NEWEST_BUDGET = 0.05;
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
  private readonly flow = new Flow();
  private readonly shortest = new ShortestTime();
  /** The mean of the budgets with which handlers have begun lately, in ms. */
  private meanBudget = ASSUMED_BUDGET;
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
    this.flow.noteArrival();
    const tooMany = this.waiting.count > MAX_WAITING ? this.waiting.takeOldest() : undefined;
    if (tooMany !== undefined) refuse(tooMany, 'full');
    this.orderTurn(arrival.readAt);
  }

  /** A handler begins. */
  begin(instant: number): void {
    this.unfinished.begin(instant);
  }

  /** A handler has finished that has begun at the instant `began`. */
  finish(began: number): void {
    this.unfinished.finish(began);
    this.flow.noteFinish();
    if (this.waiting.count === 0) return;
    const instant = now();
    this.shortest.note(instant - began, instant);
    this.orderTurn(instant);
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
      this.beginSome(instant);
      this.sweep(now());
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
      if (arrival.isOver() || this.isTooLate(arrival, at)) refuse(arrival, 'time');
      else this.beginQueued(arrival);
    }
  }

  /** Whether less time is left than any handler has needed lately: else a flood of tiny budgets would do work for nobody. */
  private isTooLate({ readAt, budget }: Arrival, instant: number): boolean {
    return budget !== undefined && readAt + budget - instant < this.shortest.at(instant);
  }

  private beginQueued(arrival: Arrival): void {
    const { budget = ASSUMED_BUDGET } = arrival;
    this.meanBudget += (budget - this.meanBudget) * NEWEST_BUDGET;
    this.flow.noteBegin();
    arrival.begin();
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
    this.flow.advance(instant);
    const { count } = this.unfinished;
    // Little's law: how long each takes is how many there are, by how many finish in a ms.
    const { done } = this.flow;
    const inTime = done === undefined ? count : done * this.meanBudget * TURNAROUND;
    this.limit.adjust(this.load, count, inTime, this.waiting.count > 0);
  }

  private noticeOverload(instant: number): void {
    const { oldest } = this.waiting;
    if (oldest === undefined || this.overloaded) return;
    const { readAt, budget = ASSUMED_BUDGET } = oldest;
    if (instant - readAt < Math.min(ONSET, budget * ONSET_SHARE)) return;
    this.overloaded = true;
    // The burst that has begun it may be all that comes.
    this.flow.reset(instant);
  }

  /** Refuses those for which there is no hope, so that they don't wait, and take no memory. */
  private sweep(instant: number): void {
    if (instant - this.sweptAt < LOOK_INTERVAL) return;
    this.sweptAt = instant;
    this.flow.advance(instant);
    const isBusy = this.overloaded && this.load.recently > HOPELESS;
    const { drained } = this.flow;
    this.waiting.removeWhere((arrival, newer) => {
      const isRefused = arrival.isOver() || (isBusy && isHopeless(arrival, instant, (newer + 1) / drained));
      if (isRefused) refuse(arrival, 'time');
      return isRefused;
    });
  }
}

/** @param wait the ms until the turn of the request comes, `Infinity` where it does not */
function isHopeless({ readAt, budget }: Arrival, instant: number, wait: number): boolean {
  if (budget === undefined || instant - readAt <= budget * PATIENCE) return false;
  return instant + wait > readAt + budget;
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
