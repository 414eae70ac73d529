import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import { channels, clientStreams, grpcModule, servers } from '../../src/instrumentation/grpc/loaded-classes.js';
import { isKnownServer } from '../../src/instrumentation/grpc/server.js';
import { isUnanswered } from '../../src/instrumentation/grpc/swallow-writes.js';
import { testNeeded, testReached } from './needed.js';
import { propertyNames } from './property-names.js';

// Faults of grpc-js, without this package, and its private parts.

const bytes = (value: Buffer) => value;
const method = (name: string, responseStream: boolean) => ({
  path: `/test/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});
const service = { say: method('Say', false), stream: method('Stream', true) };
const NOTHING = Buffer.from('');

let server: grpc.Server;
let client: grpc.Client;
/** Runs for each call of `stream`. */
let onStream: (call: grpc.ServerWritableStream<Buffer, Buffer>) => void;
beforeEach(async () => {
  server = new grpc.Server();
  server.addService(service, {
    say: (_: unknown, send: grpc.sendUnaryData<Buffer>) => send(null, NOTHING),
    stream: (call: grpc.ServerWritableStream<Buffer, Buffer>) => onStream(call),
  });
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
});
afterEach(() => {
  client.close();
  server.forceShutdown();
});

/** A call of `stream`, whose status goes to `onStatus`. */
function callStream(onStatus: (status: grpc.StatusObject) => void): void {
  const call = client.makeServerStreamRequest(service.stream.path, bytes, bytes, NOTHING, new grpc.Metadata());
  call.on('error', () => {});
  call.on('data', () => {});
  call.on('status', onStatus);
}

function say(): Promise<void> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(service.say.path, bytes, bytes, NOTHING, (error) => (error ? reject(error) : resolve()));
  });
}

/** Starts a call of the channel itself. */
function startCall(deadline: number, onReceiveStatus: (status: grpc.StatusObject) => void): () => void {
  const call = client.getChannel().createCall(service.stream.path, deadline, null, null, 0);
  return () => call.start(new grpc.Metadata(), { onReceiveMetadata() {}, onReceiveMessage() {}, onReceiveStatus });
}

const callersContext = {
  covers: 'src/instrumentation/grpc/callers-context.ts',
  fault: 'a listener runs in the context of the call that opened the connection',
  // There a stream of HTTP/2 keeps the context of its caller.
  neededOn: { 20: true, 22: true, 24: true, 26: false },
} as const;

testNeeded(callersContext, async () => {
  onStream = (call) => call.end();
  const callers = new AsyncLocalStorage<number>();
  const heard: (number | undefined)[] = [];
  const hear = (done: () => void) =>
    callStream(() => {
      heard.push(callers.getStore());
      done();
    });
  for (const caller of [1, 2]) await callers.run(caller, () => new Promise<void>(hear));
  return heard[1] !== 2;
});

/** Runs `work` with a clock that stands still but for `pass`, which lets some ms go by. */
async function withClock<T>(work: (pass: (ms: number) => Promise<void>) => Promise<T>): Promise<T> {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  try {
    return await work(async (ms) => {
      jest.advanceTimersByTime(ms);
      for (let i = 0; i < 5; i++) await turn();
    });
  } finally {
    jest.useRealTimers();
  }
}

const early = {
  covers: 'src/instrumentation/grpc/early-deadline.ts',
  fault: 'a call ends before its deadline',
} as const;

testNeeded(early, () => {
  onStream = () => {};
  return withClock(async (pass) => {
    // The wall clock lags by the fraction of a millisecond.
    await pass(0.9);
    const due = performance.now() + 20;
    let endedAt: number | undefined;
    startCall(Date.now() + 20, () => {
      endedAt = performance.now();
    })();
    await pass(19.1);
    await pass(1);
    expect(endedAt).toBeDefined();
    return Number(endedAt) < due;
  });
});

const silent = {
  covers: 'src/instrumentation/grpc/early-deadline.ts',
  fault: 'a call that starts after its deadline has no status',
} as const;

testNeeded(silent, () => {
  onStream = () => {};
  return withClock(async (pass) => {
    /** How many statuses a call has within a minute that starts some ms after its creation. */
    const statusesAfter = async (delay: number) => {
      let statuses = 0;
      const start = startCall(Date.now() + 10, () => statuses++);
      await pass(delay);
      start();
      await pass(60_000);
      return statuses;
    };
    expect(await statusesAfter(5)).toBe(1);
    return (await statusesAfter(20)) === 0;
  });
});

const destroyed = {
  covers: 'src/instrumentation/grpc/answer.ts',
  fault: 'a stream that was destroyed does not send its status',
} as const;

testNeeded(destroyed, async () => {
  /** How many statuses a call has whose handler fails, after it has done something with the stream. */
  const statusesAfter = async (handle: (call: grpc.ServerWritableStream<Buffer, Buffer>) => void) => {
    let statuses = 0;
    const failed = new Promise<void>((resolve) => {
      onStream = (call) => {
        handle(call);
        call.on('error', () => {});
        call.emit('error', Object.assign(new Error('failed'), { code: grpc.status.INTERNAL }));
        resolve();
      };
    });
    callStream(() => statuses++);
    await failed;
    // Over the same connection: the status would come before these answers.
    for (let i = 0; i < 3; i++) await say();
    return statuses;
  };
  expect(await statusesAfter(() => {})).toBe(1);
  return (await statusesAfter((call) => call.destroy())) === 0;
});

const outermost = { covers: 'src/instrumentation/grpc/server.ts' } as const;

testNeeded({ ...outermost, fault: 'a server that exists takes no interceptor' }, () => {
  return !propertyNames(server).some((name) => /^(add|register|set|use).*interceptor/i.test(name));
});

testReached({ ...outermost, fault: '`_runHandlerForCall`, and the table of handlers' }, () => {
  expect(isKnownServer(grpc.Server.prototype)).toBe(true);
  const { handlers } = server as unknown as { handlers: Map<string, { func: unknown }> };
  expect(handlers.get(service.say.path)?.func).toEqual(expect.any(Function));
});

const classes = { covers: 'src/instrumentation/grpc/loaded-classes.ts' } as const;

/** A stream of answers as a client reads it. */
function answers(): grpc.ClientReadableStream<Buffer> {
  onStream = (call) => call.end();
  const stream = client.makeServerStreamRequest(service.stream.path, bytes, bytes, NOTHING, new grpc.Metadata());
  return stream.on('error', () => {}).resume();
}

testNeeded({ ...classes, fault: 'the index does not export the streams that clients read' }, () => {
  return !Object.values<unknown>(grpc).includes(answers().constructor);
});

testReached({ ...classes, fault: 'the classes that the files of grpc-js export' }, () => {
  for (const { name, patch } of grpcModule().files) patch(require(name), undefined);
  const found = [channels, clientStreams, servers].map((each) => {
    const prototypes: object[] = [];
    each.patch((prototype) => {
      prototypes.push(prototype);
      return () => {};
    })();
    return prototypes;
  });
  expect(found[0]).toContain(Object.getPrototypeOf(client.getChannel()));
  expect(found[1]).toContain(Object.getPrototypeOf(answers()));
  expect(found[2]).toContain(grpc.Server.prototype);
});

const head = { covers: 'src/instrumentation/grpc/swallow-writes.ts' } as const;

/** What is public of a call, and whether its answer may be a status alone: before its handler writes, and after. */
async function looksBeforeAndAfterHead<Look>(look: (call: grpc.ServerWritableStream<Buffer, Buffer>) => Look) {
  return new Promise<Look[]>((resolve) => {
    onStream = (call) => {
      const before = look(call);
      call.sendMetadata(new grpc.Metadata());
      resolve([before, look(call)]);
      call.end();
    };
    callStream(() => {});
  });
}

testNeeded({ ...head, fault: 'a call does not tell whether its head has been sent' }, async () => {
  const [before] = await looksBeforeAndAfterHead(propertyNames);
  return !before?.some((name) => /^(headers?|metadata)_?sent$/i.test(name));
});

testReached({ ...head, fault: '`metadataSent`, of the innermost call' }, async () => {
  expect(await looksBeforeAndAfterHead((call) => isUnanswered(call as never))).toEqual([true, false]);
});
