import { join } from 'node:path';
import { ChildProcess } from './child-process.js';

const faulty = (program: string) => [join(__dirname, 'fixtures/faulty.cjs'), { args: [program] }] as const;

describe('who waits for a process that has ended gets its standard error', () => {
  test.each([
    ['fails at once', /ended with 1 before .*\n.*a mistake in the fixture/s],
    ['ends without a report', /ended with 0 before .*\nnothing to report/s],
  ])('one that %s', async (program, message) => {
    await expect(ChildProcess.run(...faulty(program))).rejects.toThrow(message);
    await expect(ChildProcess.fork(...faulty(program)).firstMessage()).rejects.toThrow(message);
  });

  test('one that fails when it is asked, and after', async () => {
    const child = ChildProcess.fork(...faulty('fails when asked'));
    expect(await child.firstMessage()).toBe('ready');
    await expect(child.ask('crash')).rejects.toThrow(/ended with 1 before the answer to crash\n.*a mistake/s);
    await expect(child.ask('answer')).rejects.toThrow(/ended with 1 before the answer to answer\n.*a mistake/s);
    expect(child.gone).toBe(true);
  });

  test('one that could not be started', async () => {
    await expect(ChildProcess.spawn('/no/such/program').until('a word', () => false)).rejects.toThrow(/ENOENT/);
  });
});

test('who waits for too long gets it as well', async () => {
  const child = ChildProcess.fork(...faulty('fails when asked'));
  await child.firstMessage();
  await expect(child.until('a miracle', () => false, 20)).rejects.toThrow(/waited 20 ms for a miracle/);
  await child.stop();
  expect(child.gone).toBe(true);
});

test('an answer keeps what JSON loses; a command that fails rejects', async () => {
  const child = ChildProcess.fork(...faulty('fails when asked'));
  await child.firstMessage();
  expect(await child.ask('answer', Number.POSITIVE_INFINITY, undefined)).toEqual([Number.POSITIVE_INFINITY, undefined]);
  await expect(child.ask('reject')).rejects.toThrow('TypeError: a mistake in the question');
  await child.stop();
});

test('a program is stopped gently where it can be', async () => {
  const program = ChildProcess.spawn(process.execPath, { args: ['-e', 'process.stdin.resume()'] });
  await program.stop('end of input');
  expect(await program.close()).toBe(0);
});
