import http from 'node:http';

/** Answers what is fine; for the rest it answers nothing, or half, until the caller hangs up. */
export class Backend {
  /** The requests that are open, by id: what tells of a hang-up. */
  #open = new Map();
  #arrivals = new Map();

  #server = http.createServer((request, response) => {
    const [, , , phase, id] = request.url.split('/');
    this.#arrivals.get(id)?.();
    if (phase === 'answered') {
      response.end(`${id} `.repeat(200));
      return;
    }
    this.#open.set(
      id,
      new Promise((resolve) => response.once('close', resolve)).then(() => this.#open.delete(id)),
    );
    // Half of what is announced.
    if (phase === 'reading') response.writeHead(200, { 'content-length': '2048' }).write('x'.repeat(1024));
  });

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.#server.address().port;
  }

  /** Resolves when the request of that id arrives. */
  arrival(id) {
    return new Promise((resolve) => this.#arrivals.set(id, resolve)).finally(() => this.#arrivals.delete(id));
  }

  /** Resolves when the request of that id is over. */
  end(id) {
    return this.#open.get(id);
  }

  get open() {
    return this.#open.size;
  }

  closeIdle() {
    this.#server.closeIdleConnections();
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
