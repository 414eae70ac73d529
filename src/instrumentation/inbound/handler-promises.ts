/** Whose handlers work: a request that is served. */
export interface Worker {
  /** Whether a handler has returned no promise. */
  readonly hasSilentHandler: boolean;
  /** Calls `listener` when the handler has finished its answer, at once where it has. */
  onAnswered(listener: () => void): void;
  /** Whether other requests wait for `promise` as well: a rejection of it is not for this request to handle. */
  isShared(promise: Promise<unknown>): boolean;
  /** A handler's promise was rejected with `error` after the scope had ended. */
  handlerFailed(error: unknown): void;
  /** The handlers are done. May be called several times. */
  workDone(): void;
}

/** The promises that the handlers of a request have returned: whether they are still at work after the request has ended. */
export class HandlerPromises {
  private promises: Promise<unknown>[] = [];
  /** Whether a promise was rejected before the request had ended. */
  private hasFailed = false;
  /** How many promises were pending when the scope had ended, and still are. */
  private pending = 0;

  constructor(private readonly worker: Worker) {}

  /** A handler has returned `promise`. */
  add(promise: Promise<unknown>): void {
    this.promises.push(promise);
  }

  /** `promise` was rejected, and Node has been told that this is handled: it would warn of a `then` from now on. */
  rejected(promise: Promise<unknown>): void {
    this.promises = this.promises.filter((each) => each !== promise);
    this.hasFailed = true;
  }

  /** Waits for the promises. Returns whether one is pending. */
  awaitSettled(): boolean {
    const { promises } = this;
    this.promises = [];
    for (const promise of promises) if (!this.worker.isShared(promise)) this.await(promise);
    return this.pending > 0;
  }

  /** The request has ended: the work is done when the handler has given its answer, or has failed. */
  awaitEnd(): void {
    this.settled(this.hasFailed);
  }

  private await(promise: Promise<unknown>): void {
    this.pending++;
    const fulfilled = () => {
      this.pending--;
      this.settled(false);
    };
    const failed = (error: unknown) => {
      this.pending--;
      this.worker.handlerFailed(error);
      this.settled(true);
    };
    // Past a `then` of the application's own, which may do anything.
    void Promise.prototype.then.call(promise, fulfilled, failed);
  }

  /**
   * A handler whose promise is fulfilled may go on in callbacks, as an async function does that calls a framework, and so
   * may another handler that has returned no promise: then the answer is the end.
   */
  private settled(failed: boolean): void {
    if (failed && !this.worker.hasSilentHandler) this.finish();
    else this.worker.onAnswered(() => this.finish());
  }

  private finish(): void {
    if (this.pending === 0) this.worker.workDone();
  }
}
