import { ONE_HOP, PUBLIC_SURFACE } from './public-surface.js';
import { UserDirectory } from './user-directory.js';

const directory = new UserDirectory();
afterAll(() => directory.remove());

const run = (source: string, ...flags: string[]) => directory.run({ source, file: 'user.mjs', flags });

test('import * has the public names', () => {
  const kinds = run(`
    import * as deadline from 'opentelemetry-propagator-deadline';
    console.log(JSON.stringify(Object.fromEntries(Object.entries(deadline).map(([name, value]) => [name, typeof value]))));
  `);
  expect(kinds).toEqual(PUBLIC_SURFACE);
  expect(kinds).not.toHaveProperty('default');
});

test('named imports work, and a budget makes one hop', () => {
  const result = run(`
    import * as api from '@opentelemetry/api';
    import { createPropagator, remainingTime, withTimeout } from 'opentelemetry-propagator-deadline';
    const deadline = { createPropagator, remainingTime, withTimeout };
    ${ONE_HOP}`);
  expect(result).toEqual({ sent: true, left: true });
});

test('to import it changes nothing: no global, no warning, nothing that keeps the process alive', () => {
  const result = run(`
    const warnings = [];
    process.on('warning', (warning) => warnings.push(warning.name));
    const globals = () => Reflect.ownKeys(globalThis).length;
    await import('@opentelemetry/core');
    const before = globals();
    await import('opentelemetry-propagator-deadline');
    const added = globals() - before;
    process.on('exit', () =>
      console.log(JSON.stringify({ added, warnings, resources: process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap') })));
  `);
  expect(result).toEqual({ added: 0, warnings: [], resources: [] });
});

test('what is no entry point cannot be imported', () => {
  const result = run(`
    const tries = ['/dist/esm/index.js', '/dist/esm/context/scope/scope.js', '/src/index.ts', '/package.json'].map((path) =>
      import('opentelemetry-propagator-deadline' + path, { with: { type: 'json' } }).then(() => 'imported', ({ code }) => code));
    console.log(JSON.stringify(await Promise.all(tries)));
  `);
  expect(result).toEqual([...Array(3).fill('ERR_PACKAGE_PATH_NOT_EXPORTED'), 'imported']);
});

test('it works where there is no process and no WeakRef, as in some edge runtimes', () => {
  const result = run(`
    import * as api from '@opentelemetry/api';
    import '@opentelemetry/core';
    const { process } = globalThis;
    Object.assign(globalThis, { process: undefined, WeakRef: undefined });
    const deadline = await import('opentelemetry-propagator-deadline');
    const context = deadline.setDeadline(api.ROOT_CONTEXT, deadline.Deadline.after(20));
    const signal = deadline.abortSignal(context);
    await new Promise((resolve) => { signal.onabort = resolve; setTimeout(resolve, 5000); });
    globalThis.process = process;
    console.log(JSON.stringify([signal.aborted, deadline.isDeadlineExceeded(signal.reason)]));
    process.exit();
  `);
  expect(result).toEqual([true, true]);
});
