/** In ms. What counts is this time, and the part of it that has begun again. */
const WINDOW = 1000;

/** The shortest time that a handler has needed lately, from its beginning to its end. */
export class ShortestTime {
  private former = Number.POSITIVE_INFINITY;
  private current = Number.POSITIVE_INFINITY;
  private since = Number.NEGATIVE_INFINITY;

  /** A handler has finished at `instant`, after `ms`. */
  note(ms: number, instant: number): void {
    if (instant - this.since >= WINDOW) {
      this.former = instant - this.since < 2 * WINDOW ? this.current : Number.POSITIVE_INFINITY;
      this.current = Number.POSITIVE_INFINITY;
      this.since = instant;
    }
    this.current = Math.min(this.current, ms);
  }

  /** In ms; 0 where nobody knows. */
  at(instant: number): number {
    const shortest = Math.min(this.former, this.current);
    return instant - this.since < 2 * WINDOW && shortest !== Number.POSITIVE_INFINITY ? shortest : 0;
  }
}
