import { sep } from 'node:path';
import { ONE_HOP, PUBLIC_SURFACE } from './public-surface.js';
import { UserDirectory } from './user-directory.js';

const NAME = 'opentelemetry-propagator-deadline';
/** Without it, `require` gets the ES module, by the condition module-sync; with it, as in older tools, the CommonJS one. */
const PLAIN_REQUIRE = '--no-experimental-require-module';

const directory = new UserDirectory();
afterAll(() => directory.remove());

describe.each([
  ['by module-sync', []],
  ['by the condition require', [PLAIN_REQUIRE]],
])('require, %s', (_, flags) => {
  const run = (source: string) => directory.run({ source, file: 'user.cjs', flags });

  test('has the public names', () => {
    const kinds = run(`
      const deadline = require('${NAME}');
      console.log(JSON.stringify(Object.fromEntries(Object.entries(deadline).map(([name, value]) => [name, typeof value]))));
    `);
    expect(kinds).toEqual(PUBLIC_SURFACE);
  });

  test('a budget makes one hop', () => {
    expect(run(`const api = require('@opentelemetry/api'); const deadline = require('${NAME}'); ${ONE_HOP}`)).toEqual({
      sent: true,
      left: true,
    });
  });

  test('the same names as with import', () => {
    const [required, imported] = run(`
      const names = (module) => Object.keys(module).filter((name) => name !== 'default' && name !== 'module.exports').sort();
      const required = names(require('${NAME}'));
      import('${NAME}').then((imported) => console.log(JSON.stringify([required, names(imported)])));
    `) as string[][];
    expect(required).toEqual(imported);
  });

  test('which file it is', () => {
    const path = run(`console.log(JSON.stringify(require.resolve('${NAME}')))`);
    expect(String(path).split(sep).slice(-3)).toEqual(['dist', flags.length === 0 ? 'esm' : 'cjs', 'index.js']);
  });

  test('package.json can be required', () => {
    expect(run(`console.log(JSON.stringify(require('${NAME}/package.json').name))`)).toBe(NAME);
  });
});

/** What two ways to load the package make of each other's values. */
const BOTH_WAYS = `
  const { ROOT_CONTEXT } = require('@opentelemetry/api');
  const required = require('${NAME}');
  import('${NAME}').then((imported) => {
    const context = required.setDeadline(ROOT_CONTEXT, imported.Deadline.after(60_000));
    const left = imported.remainingTime(context);
    const reason = imported.withTimeout(0, (context) => {
      try { required.throwIfExceeded(context); } catch (error) { return error; }
    });
    const signal = required.withCancel((context, cancel) => {
      const signal = imported.abortSignal(context);
      const inner = imported.withTimeout(60_000, (inner) => {
        const inside = required.abortSignal(inner);
        cancel();
        return inside.aborted && inside.reason === signal.reason;
      }, context);
      return inner && signal === required.abortSignal(context);
    });
    console.log(JSON.stringify({
      sameClasses: ['Deadline', 'DeadlineExceededError', 'DeadlinePropagator'].every((name) => required[name] === imported[name]),
      deadline: left > 50_000 && left <= 60_000,
      error: imported.isDeadlineExceeded(reason) && required.isDeadlineExceeded(reason),
      instance: reason instanceof imported.DeadlineExceededError && reason instanceof required.DeadlineExceededError,
      signal,
    }));
  });
`;

test('required and imported in one process, it is one copy', () => {
  const result = directory.run({ source: BOTH_WAYS, file: 'both.cjs' });
  expect(result).toEqual({ sameClasses: true, deadline: true, error: true, instance: true, signal: true });
});

test('where it is two copies, they understand each other', () => {
  const result = directory.run({ source: BOTH_WAYS, file: 'both.cjs', flags: [PLAIN_REQUIRE] });
  expect(result).toEqual({ sameClasses: false, deadline: true, error: true, instance: true, signal: true });
});

test('jest, which knows plain require alone, gets the CommonJS one', () => {
  expect(require.resolve(NAME).split(sep).slice(-3)).toEqual(['dist', 'cjs', 'index.js']);
  const required: Record<string, unknown> = require(NAME);
  for (const [name, kind] of Object.entries(PUBLIC_SURFACE)) expect(typeof required[name]).toBe(kind);
});
