/** So many connections, each for one at a time; who comes when none is free waits his turn, until his signal aborts. */
exports.ConnectionPool = class ConnectionPool {
  #free;
  #waiting = new Set();

  constructor(size) {
    this.#free = size;
  }

  /** Resolves with what gives the connection back. */
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
