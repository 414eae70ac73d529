import { UserDirectory } from '../package/user-directory.js';

// In processes of their own, on the built package: jest keeps too much alive, and hides unhandled rejections.

const directory = new UserDirectory();
afterAll(() => directory.remove());

const PRELUDE = `
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { shared, withCancel, withTimeout } from 'opentelemetry-propagator-deadline';

const turn = () => new Promise(setImmediate);
async function collectGarbage() {
  for (let i = 0; i < 3; i++) {
    await turn();
    gc();
  }
}
`;

const run = (source: string) =>
  directory.run({ source: PRELUDE + source, file: 'program.mjs', flags: ['--expose-gc'] }) as Record<string, unknown>;

test('nothing of a run that is over stays in memory, and a key is held weakly', () => {
  expect(
    run(`
      // Deadlines keep no process alive.
      const alive = setInterval(() => {}, 1000);
      const owner = {};
      const deaf = () => new Promise(() => {});
      const ways = {
        'fulfilled': (key) => shared(key, () => 1),
        'rejected': (key) => shared(key, () => Promise.reject(new Error())),
        'its budget has ended': (key) => shared(key, deaf, { budget: 1 }),
        'its last waiter has gone': (key) => withTimeout(1, (parent) => shared(key, deaf, { parent, budget: Infinity })),
      };
      const references = {};
      for (const [name, ask] of Object.entries(ways)) {
        // One function for each way: a variable of this one would keep what it refers to.
        references[name] = await (async () => {
          const [member, last, alone] = [{}, {}, {}];
          await Promise.allSettled([ask([owner, member, last]), ask([owner, member]), ask(alone), ask([alone, 1])]);
          return [member, last, alone].map((object) => new WeakRef(object));
        })();
      }
      clearInterval(alive);
      await collectGarbage();
      const collected = Object.entries(references).map(([name, all]) => [name, all.map((each) => !each.deref())]);
      console.log(JSON.stringify(Object.fromEntries(collected)));
    `),
  ).toEqual({
    fulfilled: [true, true, true],
    rejected: [true, true, true],
    'its budget has ended': [true, true, true],
    'its last waiter has gone': [true, true, true],
  });
});

test('a caller that has gone does not stay in memory while the run goes on', () => {
  expect(
    run(`
      const key = {};
      const pending = shared(key, () => new Promise(() => {}), { parent: ROOT_CONTEXT });
      const ask = (end) => {
        const marked = ROOT_CONTEXT.setValue(Symbol('request'), {});
        const gone = withCancel(async (parent, cancel) => {
          const call = shared(key, () => {}, { parent });
          end(cancel);
          return call;
        }, marked).catch(() => {});
        return [new WeakRef(marked), gone];
      };
      const [reference, gone] = ask((cancel) => cancel());
      await gone;
      await collectGarbage();
      console.log(JSON.stringify({ collected: reference.deref() === undefined, pending: pending instanceof Promise }));
    `),
  ).toEqual({ collected: true, pending: true });
});

test('a rejection is reported only where a caller has not handled it', () => {
  expect(
    run(`
      const unhandled = [];
      process.on('unhandledRejection', (error) => unhandled.push(error.message));
      const rejectLater = (message) => async () => {
        await new Promise((done) => setTimeout(done, 20));
        throw new Error(message);
      };
      const ignore = () => {};
      const deaf = () => new Promise(() => {});

      const awaited = {};
      const both = [1, 2].map(() => shared(awaited, rejectLater('awaited')).catch(ignore));
      const cancelled = withTimeout(1, (parent) => shared({}, rejectLater('cancelled'), { parent })).catch(ignore);
      const late = shared({}, rejectLater('late'), { budget: 1 }).catch(ignore);
      const lateAndDeaf = shared({}, deaf, { budget: 1 }).catch(ignore);
      const key = {};
      const nested = shared(key, (parent) => shared(key, ignore, { parent })).catch(ignore);
      const half = {};
      shared(half, rejectLater('one of two ignores it'));
      const other = shared(half, ignore).catch(ignore);

      await Promise.all([...both, cancelled, late, lateAndDeaf, nested, other]);
      await new Promise((done) => setTimeout(done, 40));
      console.log(JSON.stringify({ unhandled }));
    `),
  ).toEqual({ unhandled: ['one of two ignores it'] });
});
