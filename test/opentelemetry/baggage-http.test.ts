import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Metadata } from '@grpc/grpc-js';
import { defaultTextMapGetter, propagation, ROOT_CONTEXT, type TextMapGetter } from '@opentelemetry/api';
import { BoundedBaggagePropagator } from '../../src/propagation/baggage/propagator.js';
import { baggageOf, type Entry, entriesOf, fieldOf, received, sent } from '../support/baggage/carrier.js';

const propagator = new BoundedBaggagePropagator();

let server: Server;
let seen: IncomingMessage;
beforeAll(async () => {
  server = createServer((incoming, response) => {
    seen = incoming;
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  await once(server.close(), 'close');
});

/** Sends a request with these lines. Returns the status; the server has kept what it saw. */
async function send(lines: string[], cookie = ''): Promise<number> {
  const { port } = server.address() as AddressInfo;
  const outgoing = request({ host: '127.0.0.1', port, agent: false, headers: { baggage: lines, cookie } });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  await once(response.resume(), 'end');
  return response.statusCode ?? 0;
}

const read = <Carrier>(carrier: Carrier, getter: TextMapGetter<Carrier>) =>
  entriesOf(
    propagation.getBaggage(propagator.extract(ROOT_CONTEXT, carrier, getter as TextMapGetter)) ??
      propagation.createBaggage(),
  );

test('lines sent over http are one list, whichever way they are read', async () => {
  const entries: Entry[] = [
    ['a', '1'],
    ['b', 'é', 'p'],
    ['c', '3'],
    ['d', ''],
  ];
  expect(await send(['a=1, b=%C3%A9;p', 'c = 3', 'd='])).toBe(200);

  expect(read(seen.headers, defaultTextMapGetter)).toEqual(entries);
  expect(read(seen.headersDistinct, defaultTextMapGetter)).toEqual(entries);
  const fetchHeaders = new Headers({ baggage: String(seen.headers.baggage) });
  expect(read(fetchHeaders, { get: (headers, key) => headers.get(key) ?? undefined, keys: () => [] })).toEqual(entries);
});

test('so are the values of gRPC metadata', () => {
  const metadata = new Metadata();
  for (const line of ['a=1, b=%C3%A9;p', 'c = 3']) metadata.add('baggage', line);
  const getter: TextMapGetter<Metadata> = { get: (carrier, key) => carrier.get(key) as string[], keys: () => [] };
  expect(read(metadata, getter)).toEqual([
    ['a', '1'],
    ['b', 'é', 'p'],
    ['c', '3'],
  ]);
  expect(read(new Metadata(), getter)).toEqual([]);
});

test('the largest that is sent passes, beside a cookie of 2 KiB', async () => {
  const field = sent(propagator, received(propagator, fieldOf(64, 4096))) ?? '';
  expect(field).toHaveLength(4096);
  expect(await send([field], 'c'.repeat(2048))).toBe(200);
  expect(read(seen.headers, defaultTextMapGetter)).toHaveLength(64);
});

test('whatever the application has set, it is a header that Node accepts, and the server has the values', async () => {
  const hostile = '\r\nx-admin: true\r\n\0\u007fé漢\ud83d\ude00"\\,;= \t';
  const baggage = baggageOf(['a', hostile, hostile], ['b', hostile, `p;${hostile};q`], [hostile, '1'], ['c', '3']);
  expect(await send([sent(propagator, baggage) ?? ''])).toBe(200);
  expect(seen.headers['x-admin']).toBeUndefined();
  const [a, b, c] = read(seen.headers, defaultTextMapGetter);
  expect([a?.[1], b?.[1], b?.[2], c]).toEqual([hostile, hostile, expect.stringMatching(/^p;/), ['c', '3']]);
});
