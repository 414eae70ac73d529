import { within } from '../../support/waiting.js';
import { type ScopePath, UndiciApp } from './app.js';
import { Origin } from './origin.js';

// Every way to make a call, in every phase of it, ended in either way.

const transports = [
  'fetch',
  'fetch of a Request',
  'undici.fetch',
  'undici.request',
  'undici.stream',
  'undici.pipeline',
];

const phases = [
  ['waiting', { path: '/silence' }],
  ['reading', { path: '/stall' }],
  ['uploading', { path: '/silence/upload', method: 'POST', body: 'endless' }],
] as const;

// Long enough for every call to reach its phase, even on a busy machine.
const TIME = 400;
const endings: [string, object, ScopePath][] = [
  ['its time runs out', { exceeded: true, cancelled: false }, [['timeout', TIME]]],
  ['its caller goes away', { exceeded: false, cancelled: true }, [['cancelAfter', TIME]]],
];

describe.each([
  ['from npm', false],
  ['of Node’s own undici', true],
])('over an agent %s', (_, loadsFetchFirst) => {
  const app = new UndiciApp({ loadsFetchFirst });
  const origin = new Origin();

  describe.each(transports)('%s', (transport) => {
    // Global fetch rejects with the reason itself; an answer whose body is still to come it can't take back.
    const howItTells = (phase: string) =>
      transport.startsWith('fetch') && phase !== 'reading' ? { isReason: true } : { hasReasonAsCause: true };

    test('is answered', async () => {
      const scope: ScopePath = [['timeout', 5000]];
      const outcome = await app.call({ transport, url: origin.url('/answer'), method: 'POST', body: 'text', scope });
      expect(outcome.text).toBe('answered');
      expect(origin.arrivals).toHaveLength(1);
    });

    test('fails at once when no time is left: nothing is sent, no connection opened', async () => {
      const { error } = await app.call({ transport, url: origin.url('/answer?a=secret'), scope: [['timeout', 0]] });
      expect(error).toMatchObject({ exceeded: true, enumerable: false, ...howItTells('') });
      expect(error?.target).toMatch(/^(GET|POST) http:\/\/127\.0\.0\.1:\d+\/answer$/);
      expect(origin.connections).toHaveLength(0);
    });

    test.each(endings)('is aborted when %s, and so is its connection', async (_, ending, scope) => {
      await Promise.all(
        phases.map(async ([phase, { path, ...options }]) => {
          const { error, elapsed } = await app.call({ transport, url: origin.url(path), scope, ...options });
          expect({ phase, ...error }).toMatchObject({ phase, ...ending, ...howItTells(phase) });
          expect(error?.target).toContain(path);
          expect(elapsed).toBeGreaterThan(TIME - 10);
        }),
      );
      expect(origin.arrivals).toHaveLength(phases.length);
      await within(2000, 'the connections to close', () => origin.arrivals.every(({ aborted }) => aborted));
    });
  });
});
