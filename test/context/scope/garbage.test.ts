import { UserDirectory } from '../../package/user-directory.js';

// In processes of their own, on the built package: jest keeps too much alive, and its clock would hide real timers.

const PRELUDE = `
import { addAbortListener, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, defaultTextMapGetter } from '@opentelemetry/api';
import { abortSignal, Deadline, DeadlinePropagator, setDeadline, withCancel, withTimeout } from 'opentelemetry-propagator-deadline';

const propagator = new DeadlinePropagator();
const extract = (ms) => propagator.extract(ROOT_CONTEXT, { timebudget: String(ms) }, defaultTextMapGetter);
const listener = () => {};
async function collectGarbage() {
  for (let i = 0; i < 3; i++) {
    await new Promise(setImmediate);
    gc();
  }
}
`;

const directory = new UserDirectory();
afterAll(() => directory.remove());

/** What the program says, given the rest of it. */
const run = (source: string) =>
  directory.run({ source: PRELUDE + source, file: 'program.mjs', flags: ['--expose-gc'] }) as Record<string, unknown>;

describe('a deadline of an hour that nobody completes', () => {
  let collected: Record<string, unknown> = {};
  beforeAll(() => {
    collected = run(`
      const uses = {
        'it was never asked for its signal': (context) => context,
        'nobody listens': abortSignal,
        'nobody listens any more': (context) => {
          const signal = abortSignal(context);
          signal.addEventListener('abort', listener);
          signal.addEventListener('abort', listener);
          signal.removeEventListener('abort', listener);
          return signal;
        },
        'the listener went with another signal': (context) => {
          const signal = abortSignal(context);
          const other = new AbortController();
          signal.addEventListener('abort', listener, { signal: other.signal });
          other.abort();
          return signal;
        },
        'the listener was disposed of': (context) => {
          const signal = abortSignal(context);
          addAbortListener(signal, listener)[Symbol.dispose]();
          return signal;
        },
        'a scope below it has completed': (context) => {
          const signal = abortSignal(context);
          withTimeout(1000, abortSignal, context);
          return signal;
        },
        'an outer one, of which only an inner one was used': (context) => {
          withTimeout(1000, abortSignal, setDeadline(context, Deadline.after(60_000)));
          return context;
        },
        'somebody listens': (context) => {
          const signal = abortSignal(context);
          signal.addEventListener('abort', listener);
          return signal;
        },
        'onabort is set': (context) => {
          const signal = abortSignal(context);
          signal.onabort = listener;
          return signal;
        },
      };
      const references = Object.entries(uses).map(([name, use]) => [name, new WeakRef(use(extract(3_600_000)))]);
      await collectGarbage();
      console.log(JSON.stringify(Object.fromEntries(references.map(([name, ref]) => [name, ref.deref() === undefined]))));
    `);
  });

  test.each([
    'it was never asked for its signal',
    'nobody listens',
    'nobody listens any more',
    'the listener went with another signal',
    'the listener was disposed of',
    'a scope below it has completed',
    'an outer one, of which only an inner one was used',
  ])('is garbage at once when %s', (use) => {
    expect(collected).toHaveProperty([use], true);
  });

  test.each(['somebody listens', 'onabort is set'])('stays when %s', (use) => {
    expect(collected).toHaveProperty([use], false);
  });
});

describe('whoever listens is told, though he kept nothing else', () => {
  let told: unknown;
  beforeAll(() => {
    ({ told } = run(`
      const ways = {
        addEventListener: (signal, tell) => signal.addEventListener('abort', tell),
        'a listener for once': (signal, tell) => signal.addEventListener('abort', tell, { once: true }),
        onabort: (signal, tell) => { signal.onabort = tell; },
        addAbortListener: (signal, tell) => void addAbortListener(signal, tell),
        'events.once': (signal, tell) => void once(signal, 'abort').then(tell),
        'a timer that takes the signal': (signal, tell) => void sleep(1e6, null, { signal, ref: false }).catch(tell),
        'one of two listeners is left': (signal, tell) => {
          signal.addEventListener('abort', listener);
          signal.addEventListener('abort', tell);
          signal.removeEventListener('abort', listener);
        },
        'one of two phases is left': (signal, tell) => {
          signal.addEventListener('abort', tell);
          signal.addEventListener('abort', tell, { capture: true });
          signal.removeEventListener('abort', tell, { capture: true });
        },
      };
      const told = [];
      for (const [name, listen] of Object.entries(ways)) listen(abortSignal(extract(300)), () => told.push(name));
      withTimeout(300, (context) => new Promise((resolve) => abortSignal(context).addEventListener('abort', resolve)))
        .then(() => told.push('a promise of withTimeout'));
      withCancel((context) => new Promise((resolve) => abortSignal(context).addEventListener('abort', resolve)), extract(300))
        .then(() => told.push('a promise of withCancel below it'));
      await collectGarbage();
      await sleep(600);
      console.log(JSON.stringify({ told }));
    `));
  });

  test.each([
    'addEventListener',
    'a listener for once',
    'onabort',
    'addAbortListener',
    'events.once',
    'a timer that takes the signal',
    'one of two listeners is left',
    'one of two phases is left',
    'a promise of withTimeout',
    'a promise of withCancel below it',
  ])('%s', (way) => {
    expect(told).toContain(way);
  });
});

test('under load, abandoned deadlines do not pile up', () => {
  const { alive } = run(`
    const references = [];
    for (let i = 0; i < 4000; i++) {
      const context = extract(3_600_000);
      references.push(new WeakRef(abortSignal(context)), new WeakRef(abortSignal(setDeadline(context, Deadline.after(60_000)))));
      if (i % 500 === 0) await collectGarbage();
    }
    await collectGarbage();
    console.log(JSON.stringify({ alive: references.filter((reference) => reference.deref() !== undefined).length }));
  `);
  expect(alive).toBeLessThan(2048);
});

test('a scope that lives long does not keep those that completed below it', () => {
  const { alive } = run(`
    const references = [];
    const outer = extract(3_600_000);
    const signal = abortSignal(outer);
    signal.addEventListener('abort', listener);
    for (let i = 0; i < 5000; i++) withTimeout(60_000, (context) => references.push(new WeakRef(abortSignal(context))), outer);
    await collectGarbage();
    console.log(JSON.stringify({ alive: references.filter((reference) => reference.deref() !== undefined).length }));
  `);
  expect(alive).toBe(0);
});
