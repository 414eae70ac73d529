/**
 * Keeps a connection from everybody while a cancel may still hit whatever runs on it: until the server is done with the
 * statement that is meant, and with the cancel.
 */
export class Hold {
  private readonly postponed: (() => void)[] = [];
  private serverIsReady = false;
  private cancelIsOver = false;
  private over = false;
  private readonly timer: ReturnType<typeof setTimeout>;

  /**
   * @param grace how long the server may take, in ms
   * @param onEnd called once, before what was postponed. `inTime`: both are done. Otherwise the grace has passed, and the
   *   connection must be closed
   */
  constructor(
    grace: number,
    private readonly onEnd: (inTime: boolean) => void,
  ) {
    this.timer = setTimeout(() => this.end(false), grace);
  }

  /** Runs `tell` when the hold is over: at once, if it is. */
  postpone(tell: () => void): void {
    if (this.over) tell();
    else this.postponed.push(tell);
  }

  /** The server waits for the next statement, or the connection has been closed. */
  ready(): void {
    this.serverIsReady = true;
    if (this.cancelIsOver) this.end(true);
  }

  /** The server has taken the cancel, or can't be reached. */
  cancelled(): void {
    this.cancelIsOver = true;
    if (this.serverIsReady) this.end(true);
  }

  private end(inTime: boolean): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.onEnd(inTime);
    for (const tell of this.postponed) tell();
  }
}
