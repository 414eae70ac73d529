import { diag, propagation, type TextMapPropagator } from '@opentelemetry/api';
import { withTimeout } from '../../../src/context/with-scope.js';
import { DeadlinePropagator } from '../../../src/propagation/deadline-propagator.js';
import { GrpcEnforcement } from './enforcement.js';
import { GrpcPeers, KINDS } from './peers.js';

const enforcement = new GrpcEnforcement();
const peers = new GrpcPeers();

const deadline = new DeadlinePropagator();

/** A propagator of somebody else, alone: a composite one would catch what it throws. */
function propagate(foreign: Partial<TextMapPropagator>): void {
  propagation.disable();
  const nothing: TextMapPropagator = { inject() {}, extract: (context) => context, fields: () => [] };
  propagation.setGlobalPropagator({ ...nothing, ...foreign });
}

function failure(): never {
  throw new Error('of the propagator');
}

/** What a handler is given of a call with a deadline. */
async function served(kind: (typeof KINDS)[number]): Promise<Record<string, unknown>> {
  peers.app = (handling) => handling.answer();
  const { call, outcome } = withTimeout(500, () => peers.client().call(kind));
  call.end?.();
  expect(await outcome).toEqual({ error: undefined, messages: ['answer'] });
  return (await peers.arrived()).call.metadata.getMap();
}

describe.each(KINDS)('a call (%s) comes to its end, and the error is logged', (kind) => {
  const errors: unknown[][] = [];

  beforeEach(() => {
    errors.length = 0;
    const ignored = () => {};
    const logger = { error: (...words: unknown[]) => void errors.push(words) };
    diag.setLogger({ ...logger, warn: ignored, info: ignored, debug: ignored, verbose: ignored });
  });

  afterEach(() => diag.disable());

  test('where a propagator throws as it extracts', async () => {
    propagate({ extract: failure });
    await served(kind);
    expect(errors).toEqual([[expect.stringContaining('served'), new Error('of the propagator')]]);
  });

  test.each([
    ['a trusted caller', true],
    ['an untrusted caller', false],
  ])('where a propagator throws as it injects (%s)', async (_, trust) => {
    enforcement.configure({ server: { trust } });
    propagate({ inject: failure });
    await served(kind);
    expect(errors).not.toEqual([]);
    for (const words of errors) expect(words).toContainEqual(new Error('of the propagator'));
  });

  test('where a propagator writes what metadata can not hold', async () => {
    propagate({
      inject(context, carrier, setter) {
        setter.set(carrier, 'tenant', 'two\nlines');
        setter.set(carrier, 'two words', 'x');
        setter.set(carrier, 'request-id', 'r-1');
        deadline.inject(context, carrier, setter);
      },
    });
    const fields = await served(kind);
    expect(fields).toMatchObject({ 'request-id': 'r-1', timebudget: '500' });
    expect(fields).not.toHaveProperty('tenant');
    expect(errors.map(([message]) => message)).toEqual([
      expect.stringContaining('tenant'),
      expect.stringContaining('two words'),
    ]);
  });
});
