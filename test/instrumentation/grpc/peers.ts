import { deserialize, serialize } from 'node:v8';
import * as grpc from '@grpc/grpc-js';
import { type CallOptions, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type Context, context } from '@opentelemetry/api';
import { abortSignal } from '../../../src/context/context-deadline.js';
import { within } from '../../support/waiting.js';

export const KINDS = ['unary', 'upload', 'download', 'chat'] as const;
/** Unary; a stream of requests; a stream of answers; streams of both. */
export type Kind = (typeof KINDS)[number];

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
});

export const service = {
  unary: method('Unary', false, false),
  upload: method('Upload', true, false),
  download: method('Download', false, true),
  chat: method('Chat', true, true),
} satisfies Record<Kind, unknown>;

// biome-ignore lint/suspicious/noExplicitAny: the four kinds of call have no type in common
type AnyCall = any;

/** What a handler saw, and how it answers. */
export class Handling {
  readonly context: Context = context.active();
  readonly signal = abortSignal();

  constructor(
    readonly kind: Kind,
    readonly call: AnyCall,
    private readonly callback: ((error: unknown, value?: unknown, trailer?: Metadata) => void) | undefined,
  ) {}

  answer(): void {
    if (this.callback !== undefined) this.callback(null, 'answer');
    else {
      this.call.write('answer');
      this.call.end();
    }
  }

  fail(error: unknown, trailer?: Metadata): void {
    if (this.callback !== undefined) this.callback(error, null, trailer);
    else this.call.emit('error', error);
  }
}

export type App = (handling: Handling) => unknown;

/** The server of a test, on loopback, and its clients; closed after it. */
export class GrpcPeers {
  readonly handlings: Handling[] = [];
  /** Does the rest of a handler's work; keeps the caller waiting if it does nothing. */
  app: App = () => {};
  server!: grpc.Server;
  sessions = 0;
  private target = '';
  private clients: grpc.Client[] = [];

  constructor() {
    beforeEach(async () => {
      this.handlings.length = 0;
      this.sessions = 0;
      this.app = () => {};
      await this.restart();
    });
    afterEach(() => this.stop());
  }

  /** A server whose handlers are registered now. */
  async restart(): Promise<void> {
    this.stop();
    this.server = new grpc.Server();
    const handler = (kind: Kind) => (call: AnyCall, callback?: never) => {
      const handling = new Handling(kind, call, callback);
      this.handlings.push(handling);
      call.on('error', () => {});
      return this.app(handling);
    };
    this.server.addService(service, Object.fromEntries(KINDS.map((kind) => [kind, handler(kind)])));
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    // What listens is not public.
    const { http2Servers } = this.server as unknown as { http2Servers: Map<NodeJS.EventEmitter, unknown> };
    for (const listening of http2Servers.keys()) listening.on('session', () => this.sessions++);
    this.target = `127.0.0.1:${port}`;
  }

  stop(): void {
    for (const client of this.clients.splice(0)) client.close();
    this.server?.forceShutdown();
  }

  client(options?: grpc.ClientOptions, from: 'constructor' | 'package' = 'constructor'): GrpcClient {
    const Client =
      from === 'constructor'
        ? grpc.makeClientConstructor(service, 'Echo')
        : ((grpc.loadPackageDefinition({ 'test.Echo': service }).test as grpc.GrpcObject)
            .Echo as grpc.ServiceClientConstructor);
    const client = new Client(this.target, grpc.credentials.createInsecure(), options);
    this.clients.push(client);
    return new GrpcClient(client);
  }

  /** The call of that number, from 0, in its handler. */
  async arrived(index = 0): Promise<Handling> {
    await within(2_000, `call ${index} to be handled`, () => this.handlings.length > index);
    return this.handlings[index] as Handling;
  }
}

export interface Outcome {
  readonly error: (ServiceError & { cause?: unknown }) | undefined;
  readonly messages: unknown[];
}

export interface Made {
  readonly call: AnyCall;
  readonly outcome: Promise<Outcome>;
}

export class GrpcClient {
  constructor(readonly stub: AnyCall) {}

  async ready(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.stub.waitForReady(Date.now() + 1e6, (error?: Error) => (error ? reject(error) : resolve()));
    });
    return this;
  }

  /** Makes a call of any kind; a stream of requests begins with one message and stays open. */
  call(kind: Kind, metadata: Metadata = new Metadata(), options: CallOptions = {}): Made {
    const { requestStream, responseStream } = service[kind];
    const given = [...(requestStream ? [] : ['request']), metadata, options];
    if (!responseStream) {
      let call: AnyCall;
      const outcome = new Promise<Outcome>((resolve) => {
        call = this.stub[kind](...given, (error: ServiceError | null, message: unknown) =>
          resolve({ error: error ?? undefined, messages: error ? [] : [message] }),
        );
      });
      if (requestStream) call.write('request');
      return { call, outcome };
    }
    const call = this.stub[kind](...given);
    if (requestStream) call.write('request');
    return { call, outcome: collect(call) };
  }

  /** Makes a call and waits for its end. */
  async outcome(kind: Kind, metadata?: Metadata, options?: CallOptions): Promise<Outcome> {
    return this.call(kind, metadata, options).outcome;
  }
}

async function collect(call: AnyCall): Promise<Outcome> {
  const messages: unknown[] = [];
  call.on('data', (message: unknown) => messages.push(message));
  let error: ServiceError | undefined;
  call.on('error', (given: ServiceError) => {
    error = given;
  });
  await new Promise((resolve) => call.once('status', resolve));
  return { error, messages };
}
