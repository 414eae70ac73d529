import { EventEmitter } from 'node:events';
import pg from 'pg';

/** A connection of pg without a socket: it answers each statement in the next microtask. */
class StubConnection extends EventEmitter {
  stream = { remoteAddress: '127.0.0.1', remotePort: 5432, destroy() {} };
  parsedStatements = {};
  submittedNamedStatements = {};

  connect() {
    queueMicrotask(() => this.emit('connect'));
  }

  startup() {
    this.emit('backendKeyData', { processID: 1, secretKey: 1 });
    this.emit('readyForQuery', { status: 'I' });
  }

  query() {
    queueMicrotask(() => {
      this.emit('commandComplete', { text: 'SELECT 0' });
      this.emit('readyForQuery', { status: 'I' });
    });
  }

  end() {
    this.emit('end');
  }

  ref() {}
  unref() {}
}

/** A client of pg whose server answers at once. */
export class StubClient extends pg.Client {
  constructor() {
    super({ connection: new StubConnection(), host: '127.0.0.1' });
  }
}
