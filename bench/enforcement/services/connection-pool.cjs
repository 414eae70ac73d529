/** `size` connections. When none is free, `acquire` waits in a queue, until its signal aborts. */
exports.ConnectionPool = class ConnectionPool {
  #free;
  #waiting = new Set();

  constructor(size) {
    this.#free = size;
  }

  /** Resolves with a function that releases the connection. */
  async acquire(signal) {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    return () => this.#release();
  }

  #turn(signal) {
    return new Promise((resolve, reject) => {
      const granted = () => {
        signal.removeEventListener('abort', aborted);
        resolve();
      };
      const aborted = () => {
        this.#waiting.delete(granted);
        reject(signal.reason);
      };
      signal.addEventListener('abort', aborted, { once: true });
      this.#waiting.add(granted);
    });
  }

  #release() {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
};
