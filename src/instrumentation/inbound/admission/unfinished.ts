/** In ms. A request that is unfinished after two generations waits for something else than this process. */
const GENERATION = 1000;

/**
 * Counts the requests that have begun lately and are not finished. Those that began longer ago, event streams and long
 * polls, are left out: they need no time of this process.
 */
export class Unfinished {
  private generation = 0;
  private young = 0;
  private older = 0;

  get count(): number {
    return this.young + this.older;
  }

  /** A request has begun at `instant`. */
  begin(instant: number): void {
    this.advance(instant);
    this.young++;
  }

  /** A request has finished that has begun at the instant `began`. */
  finish(began: number): void {
    const generation = Math.floor(began / GENERATION);
    if (generation === this.generation) this.young--;
    else if (generation === this.generation - 1) this.older--;
  }

  /** Lets the requests grow older. */
  advance(instant: number): void {
    const generation = Math.floor(instant / GENERATION);
    if (generation === this.generation) return;
    this.older = generation === this.generation + 1 ? this.young : 0;
    this.young = 0;
    this.generation = generation;
  }
}
