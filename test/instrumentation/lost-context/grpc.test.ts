import { Metadata } from '@grpc/grpc-js';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { GrpcEnforcement } from '../grpc/enforcement.js';
import { type GrpcClient, GrpcPeers, type Handling } from '../grpc/peers.js';

const enforcement = new GrpcEnforcement();
const peers = new GrpcPeers();

/** Where a handler of a stream of requests makes a call. */
const PLACES: [string, (handling: Handling, make: () => void) => void][] = [
  ['the handler itself', (_, make) => make()],
  ["a listener for 'data'", ({ call }, make) => call.once('data', make)],
  ["a listener for 'end'", ({ call }, make) => call.resume().once('end', make)],
];

describe.each(['upload', 'chat'] as const)('a call in a context that knows nothing of a request (%s)', (kind) => {
  /** The budget that it carries, where the request has 500 ms. */
  async function carried(place: (typeof PLACES)[number][1]): Promise<string[]> {
    const client: GrpcClient = await peers.client().ready();
    peers.app = (handling) => {
      if (handling.kind === 'unary') return handling.answer();
      return place(handling, async () => {
        await context.with(ROOT_CONTEXT, () => client.outcome('unary'));
        handling.answer();
      });
    };
    const metadata = new Metadata();
    metadata.set('timebudget', '500');
    const { call, outcome } = client.call(kind, metadata);
    call.end();
    await outcome;
    return (await peers.arrived(1)).call.metadata.get('timebudget');
  }

  test.each(PLACES)('made in %s is noticed, and inherits what it has lost', async (_, place) => {
    enforcement.configure({ lostContexts: 'inherit' });
    expect(await carried(place)).toEqual(['500']);
    expect(enforcement.counts).toMatchObject({ 'client detached grpc': 1 });
  });

  test.each(PLACES)('made in %s goes unnoticed by default', async (_, place) => {
    expect(await carried(place)).toEqual([]);
    expect(enforcement.counts).toEqual({});
  });
});
