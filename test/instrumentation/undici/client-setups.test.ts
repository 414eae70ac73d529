import { UndiciApp, type UndiciSetup } from './app.js';
import { Origin } from './origin.js';

// With and without OpenTelemetry's own instrumentation, in either order, in CommonJS and in ES modules.

const orders = [['deadline'], ['deadline', 'undici'], ['undici', 'deadline']] as const;
const setups = (['cjs', 'mjs'] as const).flatMap((module) =>
  orders.map((instrumentations) => ({ module, instrumentations })),
);
const name = ({ module, instrumentations = [] }: UndiciSetup) => `${module}, ${instrumentations.join(' then ')}`;

interface Span {
  readonly id: string;
  readonly parent: string | null;
}

describe.each(setups.map((setup) => [name(setup), setup] as const))('%s', (_, setup) => {
  const app = new UndiciApp(setup);
  const origin = new Origin();
  beforeEach(() => app.ask('takeSpans'));

  const scope = [
    ['span', 'a handler'],
    ['baggage', 'me'],
    ['timeout', 5000],
  ] as const;
  const spanIdOf = (traceparent: string | undefined) => traceparent?.split('-')[2];

  describe.each(['fetch', 'undici.fetch', 'undici.request'])('%s', (transport) => {
    test('carries each field once', async () => {
      await app.call({ transport, url: origin.url('/answer'), scope });
      await app.call({ transport, url: origin.url('/answer'), scope, headers: { Timebudget: '99999' } });
      for (const { fields } of origin.arrivals) {
        expect(fields.timebudget).toEqual([expect.stringMatching(/^4\d\d\d$/)]);
        expect(fields.baggage).toEqual(['caller=me']);
        expect(fields.traceparent).toHaveLength(1);
      }
    });

    test('is the child of the innermost span', async () => {
      await app.call({ transport, url: origin.url('/answer'), scope });
      const spans = await app.ask<Span[]>('takeSpans');
      expect(spans).toHaveLength(setup.instrumentations.length);
      expect(spanIdOf(origin.arrivals[0]?.fields.traceparent?.[0])).toBe(spans.at(-1)?.id);
    });

    test('is not made when no time is left', async () => {
      const { error } = await app.call({ transport, url: origin.url('/answer'), scope: [['timeout', 0]] });
      expect(error).toMatchObject({ exceeded: true });
      expect(origin.connections).toHaveLength(0);
    });

    test('is aborted in flight', async () => {
      const { error } = await app.call({ transport, url: origin.url('/silence'), scope: [['timeout', 200]] });
      expect(error).toMatchObject({ exceeded: true });
      expect(origin.arrivals).toHaveLength(1);
    });
  });

  test('from the queue of a saturated pool each call goes out in its own context', async () => {
    await app.open({ name: 'pool', kind: 'Pool', origin: origin.url(), options: { connections: 1 } });
    const outcomes = await Promise.all(
      ['first', 'second', 'third'].map((caller) =>
        app.call({
          transport: 'dispatcher.request',
          dispatcher: 'pool',
          url: origin.url('/after/30'),
          scope: [
            ['span', caller],
            ['baggage', caller],
            ['timeout', 5000],
          ],
        }),
      ),
    );
    await app.ask('close', 'pool');
    expect(outcomes.map(({ text }) => text)).toEqual(['answered', 'answered', 'answered']);
    expect(origin.lines('baggage')).toEqual([['caller=first'], ['caller=second'], ['caller=third']]);

    const spans = await app.ask<Span[]>('takeSpans');
    const ancestors = origin.lines('traceparent').map((lines) => {
      const innermost = spans.find(({ id }) => id === spanIdOf(lines?.[0]));
      return innermost?.parent ?? innermost?.id;
    });
    expect(ancestors).toEqual(spans.filter(({ parent }) => parent === null).map(({ id }) => id));
  });
});

describe.each([
  ['cjs', ['undici']],
  ['mjs', ['undici']],
  ['cjs', ['fetch', 'undici']],
  // Here nobody tells of the copy from npm: its calls are seen only when they are requests.
  ['mjs', ['fetch', 'undici']],
] as const)('%s, with %j loaded before us', (module, loadedBefore) => {
  const app = new UndiciApp({ module, loadedBefore });
  const origin = new Origin();

  test.each(['fetch', 'undici.fetch', 'undici.request', 'dispatcher.request'])('%s is bound', async (transport) => {
    await app.open({ name: 'pool', kind: 'Pool', origin: origin.url(), options: { connections: 2 } });
    const dispatcher = 'pool';
    const answered = await app.call({ transport, dispatcher, url: origin.url('/answer'), scope: [['timeout', 5000]] });
    expect(answered.text).toBe('answered');
    expect(origin.lines('timebudget')).toEqual([[expect.stringMatching(/^4\d\d\d$/)]]);

    const late = await app.call({ transport, dispatcher, url: origin.url('/answer'), scope: [['timeout', 0]] });
    expect(late.error).toMatchObject({ exceeded: true, target: `GET ${origin.url('/answer')}` });
    expect(origin.arrivals).toHaveLength(1);

    const aborted = await app.call({ transport, dispatcher, url: origin.url('/silence'), scope: [['timeout', 200]] });
    expect(aborted.error).toMatchObject({ exceeded: true });
    expect(origin.arrivals).toHaveLength(2);
    await app.ask('close', 'pool');
  });
});
