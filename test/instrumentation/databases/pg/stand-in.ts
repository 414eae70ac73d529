import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

const SSL_REQUEST = 80877103;
const CANCEL_REQUEST = 80877102;

/** A statement that has arrived at the stand-in. */
export interface Arrived {
  readonly text: string;
  readonly backend: Backend;
  /** Answers with `SELECT 0`, as a server does that has done it. */
  answer(): void;
  /** Answers with an error of PostgreSQL. */
  fail(code: string): void;
}

/** A cancel that has arrived. Its connection stays open until the test closes it. */
export interface ArrivedCancel {
  readonly processId: number;
  readonly key: number;
  readonly socket: Socket;
  /** Ends the statement that its backend works on, and closes its connection. */
  obey(): void;
}

/** A PostgreSQL without a database: it speaks the protocol, and a test decides what it answers, and when. */
export class StandIn {
  readonly statements: Arrived[] = [];
  readonly cancels: ArrivedCancel[] = [];
  readonly backends: Backend[] = [];
  /** How a statement is answered. Default: at once, unless its text has `slow` in it. */
  app: (statement: Arrived) => void = answerUnlessSlow;
  /** What becomes of a cancel. Default: it is obeyed. */
  onCancel: (cancel: ArrivedCancel) => void = (cancel) => cancel.obey();
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.accept(socket));
  port = 0;

  constructor() {
    beforeEach(async () => {
      this.server.listen(0, '127.0.0.1');
      await once(this.server, 'listening');
      this.port = (this.server.address() as AddressInfo).port;
    });
    afterEach(async () => {
      for (const socket of this.sockets) socket.destroy();
      this.server.close();
      await once(this.server, 'close');
      for (const list of [this.statements, this.cancels, this.backends]) list.length = 0;
      this.app = answerUnlessSlow;
      this.onCancel = (cancel) => cancel.obey();
    });
  }

  get options() {
    return { host: '127.0.0.1', port: this.port, user: 'app', database: 'db' };
  }

  /** The texts that have arrived. */
  get texts(): string[] {
    return this.statements.map(({ text }) => text);
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.sockets.delete(socket));
    socket.once('data', (data) => this.greet(socket, data));
  }

  private greet(socket: Socket, data: Buffer): void {
    const code = data.readInt32BE(4);
    if (code === SSL_REQUEST) {
      socket.write('N');
    } else if (code === CANCEL_REQUEST) {
      const processId = data.readInt32BE(8);
      const backend = this.backends.find((each) => each.processId === processId);
      const obey = () => {
        backend?.cancel();
        socket.end();
      };
      const cancel = { processId, key: data.readInt32BE(12), socket, obey };
      this.cancels.push(cancel);
      this.onCancel(cancel);
    } else {
      this.backends.push(new Backend(socket, 1000 + this.backends.length, (each) => this.arrived(each)));
    }
  }

  private arrived(statement: Arrived): void {
    this.statements.push(statement);
    this.app(statement);
  }
}

function answerUnlessSlow(statement: Arrived): void {
  if (!statement.text.includes('slow')) statement.answer();
}

/** One connection of the stand-in. */
export class Backend {
  private rest = Buffer.alloc(0);
  private status = 'I';
  private current: Arrived | undefined = undefined;
  private prepared = '';
  private extended = false;
  private executes = false;
  private synced = false;

  constructor(
    readonly socket: Socket,
    readonly processId: number,
    private readonly onStatement: (statement: Arrived) => void,
  ) {
    socket.on('data', (data) => this.read(data));
    this.send('R', int32(0));
    this.send('K', int32(processId), int32(processId * 7));
    this.ready();
  }

  /** As a signal does: nothing, unless a statement runs. */
  cancel(): void {
    this.current?.fail('57014');
  }

  private read(data: Buffer): void {
    this.rest = Buffer.concat([this.rest, data]);
    while (this.rest.length >= 5 && this.rest.length > this.rest.readInt32BE(1)) {
      const length = this.rest.readInt32BE(1);
      const body = this.rest.subarray(5, length + 1);
      this.message(String.fromCharCode(this.rest[0] ?? 0), body);
      this.rest = this.rest.subarray(length + 1);
    }
  }

  private message(type: string, body: Buffer): void {
    const texts = body.toString().split('\0');
    if (type === 'Q') this.begin(texts[0] ?? '', false);
    else if (type === 'P') this.prepared = texts[1] ?? '';
    else if (type === 'E') this.executes = true;
    // Up to 8.2, pg sends a Flush first, and the Sync when it has the answer.
    else if (type === 'H' || type === 'S') this.end(type === 'S');
    else if (type === 'X') this.socket.end();
  }

  private end(synced: boolean): void {
    this.synced = synced;
    if (this.executes) this.begin(this.prepared, true);
    else if (synced && this.current === undefined) this.ready();
    this.executes = false;
  }

  private begin(text: string, extended: boolean): void {
    this.extended = extended;
    this.current = {
      text,
      backend: this,
      answer: () => this.answer(text),
      fail: (code) => this.fail(code),
    };
    this.onStatement(this.current);
  }

  private answer(text: string): void {
    if (this.extended) for (const type of '12n') this.send(type);
    this.send('C', Buffer.from('SELECT 0\0'));
    if (/^begin/i.test(text)) this.status = 'T';
    if (/^(?:commit|rollback)/i.test(text)) this.status = 'I';
    this.ready();
  }

  private fail(code: string): void {
    this.send('E', Buffer.from(`SERROR\0C${code}\0Mcanceling statement due to user request\0\0`));
    if (this.status === 'T') this.status = 'E';
    this.ready();
  }

  private ready(): void {
    this.current = undefined;
    if (this.extended && !this.synced) return;
    this.extended = false;
    this.send('Z', Buffer.from(this.status));
  }

  private send(type: string, ...parts: Buffer[]): void {
    const body = Buffer.concat(parts);
    if (this.socket.writable) this.socket.write(Buffer.concat([Buffer.from(type), int32(body.length + 4), body]));
  }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
