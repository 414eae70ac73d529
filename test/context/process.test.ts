import { UserDirectory } from '../package/user-directory.js';

// What only a process of its own shows: its end, and what reaches nobody.

const directory = new UserDirectory();
afterAll(() => directory.remove());

const run = (source: string) =>
  directory.run({
    source: `
      import { ROOT_CONTEXT, defaultTextMapGetter } from '@opentelemetry/api';
      import { abortSignal, DeadlinePropagator, withCancel, withTimeout } from 'opentelemetry-propagator-deadline';
      const counted = { unhandledRejection: 0, uncaughtException: 0 };
      for (const event of Object.keys(counted)) process.on(event, () => counted[event]++);
      ${source}`,
    file: 'program.mjs',
  });

test('a deadline that is far away does not keep the process alive', () => {
  const ended = run(`
    const started = performance.now();
    withTimeout(60_000, (context) => new Promise((resolve) => abortSignal(context).addEventListener('abort', resolve)));
    abortSignal(new DeadlinePropagator().extract(ROOT_CONTEXT, { timebudget: '60000' }, defaultTextMapGetter)).onabort = () => {};
    process.on('exit', () => console.log(JSON.stringify({ soon: performance.now() - started < 5000 })));
  `);
  expect(ended).toEqual({ soon: true });
});

test('a listener that throws is an uncaught exception, and everybody else is told all the same', () => {
  const result = run(`
    const told = [];
    withCancel((outer, cancel) => {
      abortSignal(outer).addEventListener('abort', () => { throw new Error('a broken listener'); });
      abortSignal(outer).addEventListener('abort', () => told.push('outer'));
      withTimeout(1000, (inner) => {
        abortSignal(inner).addEventListener('abort', () => { throw new Error('another'); });
        withCancel((innermost) => {
          abortSignal(innermost).addEventListener('abort', () => told.push('innermost'));
          cancel();
        }, inner);
      }, outer);
    }, ROOT_CONTEXT);
    setImmediate(() => console.log(JSON.stringify({ told, ...counted })));
  `);
  expect(result).toEqual({ told: ['outer', 'innermost'], unhandledRejection: 0, uncaughtException: 2 });
});

describe('a promise of fn that rejects', () => {
  const rejections = (use: string) =>
    run(`
      const fail = async () => { await null; throw new Error('from fn'); };
      const lazy = { then: (_, reject) => reject(new Error('from a query')) };
      ${use}
      await new Promise((resolve) => setTimeout(resolve, 20));
      console.log(JSON.stringify(counted));
    `);

  test('and is handled is not reported on the side', () => {
    const counted = rejections(`
      await withTimeout(100, fail).catch(() => {});
      await withCancel(fail).catch(() => {});
      await withTimeout(100, () => lazy).catch(() => {});
      const late = withTimeout(100, () => new Promise((_, reject) => setTimeout(reject, 5)));
      await late.catch(() => {});
    `);
    expect(counted).toEqual({ unhandledRejection: 0, uncaughtException: 0 });
  });

  test.each(['fail', '() => lazy'])('and is handled by nobody is reported once: %s', (fn) => {
    expect(rejections(`withTimeout(100, ${fn});`)).toEqual({ unhandledRejection: 1, uncaughtException: 0 });
  });
});
