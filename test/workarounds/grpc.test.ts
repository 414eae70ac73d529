import { AsyncLocalStorage } from 'node:async_hooks';
import * as grpc from '@grpc/grpc-js';
import { everywhere, testNeeded } from './needed.js';

// Faults of grpc-js, without this package. On Node 26 a stream of HTTP/2 keeps the async context of its caller by itself.

testNeeded('grpc/callers-context.ts', { ...everywhere, 26: false }, async () => {
  const server = new grpc.Server();
  const bytes = (value: Buffer) => value;
  const method = {
    path: '/test/Say',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
  server.addService(
    { say: method },
    { say: (_: unknown, send: grpc.sendUnaryData<Buffer>) => send(null, Buffer.from('')) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const callers = new AsyncLocalStorage<number>();
  const heard: (number | undefined)[] = [];
  for (const caller of [1, 2]) {
    await callers.run(
      caller,
      () =>
        new Promise<void>((resolve) => {
          const call = client.makeServerStreamRequest(method.path, bytes, bytes, Buffer.from(''), new grpc.Metadata());
          call.on('error', () => {});
          call.on('data', () => {});
          call.on('status', () => {
            heard.push(callers.getStore());
            resolve();
          });
        }),
    );
  }
  client.close();
  server.forceShutdown();
  return heard[1] !== 2;
});
