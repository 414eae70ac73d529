/** In ms. What is counted is what happened in this time, and in the part of it that has begun again. */
const WINDOW = 100;
/** In ms. Less time says nothing. */
const LEAST = 20;

/** How many requests come, begin and finish in a ms, lately. */
export class Flow {
  private arrived = 0;
  private begun = 0;
  private finished = 0;
  /** The time that the counts are of, in ms. */
  private time = 0;
  private former = { arrived: 0, begun: 0, finished: 0, time: 0 };
  private countedAt = 0;

  /** A request has come that has to wait. */
  noteArrival(): void {
    this.arrived++;
  }

  /** A request that has waited begins. */
  noteBegin(): void {
    this.begun++;
  }

  noteFinish(): void {
    this.finished++;
  }

  /** Forgets what was before: a burst says nothing about what comes after it. */
  reset(instant: number): void {
    this.startWindow();
    this.former = { arrived: 0, begun: 0, finished: 0, time: 0 };
    this.countedAt = instant;
  }

  /** To be called before the rates are asked for. */
  advance(instant: number): void {
    if (this.time >= WINDOW) {
      const { arrived, begun, finished, time } = this;
      this.former = { arrived, begun, finished, time };
      this.startWindow();
    }
    this.time += instant - this.countedAt;
    this.countedAt = instant;
  }

  /** By how many requests the queue gets shorter in a ms, when none is refused; 0 where it does not, or nobody knows. */
  get drained(): number {
    const { former, time } = this;
    const shorter = former.begun + this.begun - former.arrived - this.arrived;
    return shorter > 0 && time + former.time > 0 ? shorter / (time + former.time) : 0;
  }

  /** How many requests finish in a ms; `undefined`: nobody knows. */
  get done(): number | undefined {
    const { former } = this;
    const time = former.time + this.time;
    return time < LEAST ? undefined : (former.finished + this.finished) / time;
  }

  private startWindow(): void {
    this.arrived = 0;
    this.begun = 0;
    this.finished = 0;
    this.time = 0;
  }
}
