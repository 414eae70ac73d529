import { join } from 'node:path';
import { ChildProcess } from '../../../support/processes/child-process.js';

jest.setTimeout(60_000);

interface SetUp {
  readonly admission: boolean;
  readonly clients: readonly string[];
  readonly httpAllowHalfOpen?: boolean;
}

async function run(setUp: SetUp) {
  const { report } = await ChildProcess.run(join(__dirname, 'fixtures/loaded-server.cjs'), {
    env: { SET_UP: JSON.stringify(setUp) },
  });
  return report as { got: unknown[]; late: number };
}

describe('while the loop has no time', () => {
  const expected = {
    pipelined: ['/echo/1', '/echo/2', '/echo/3'],
    expectContinue: '/echo/body body',
    upgrade: 'hello',
    events: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    poll: 'news',
  };

  test.each([true, false])('every kind of client gets all of its answer (admission: %p)', async (admission) => {
    const clients = Object.keys(expected);
    const { got, late } = await run({ admission, clients });
    expect(Object.fromEntries(clients.map((name, i) => [name, got[i]]))).toEqual(expected);
    // With admission the requests have waited for their handlers.
    expect(late > 0).toBe(admission);
  });

  // Node ends the connection of a client that has ended its side, unless the application has asked it not to.
  test.each([
    [true, false, ''],
    [false, false, ''],
    [true, true, 'HTTP/1.1 200 OK'],
    [false, true, 'HTTP/1.1 200 OK'],
  ])('a client that has ended its side (admission: %p, httpAllowHalfOpen: %p) gets %p', async (...args) => {
    const [admission, httpAllowHalfOpen, answer] = args;
    const { got } = await run({ admission, httpAllowHalfOpen, clients: ['halfClosed', 'halfClosed'] });
    expect(got).toEqual([answer, answer]);
  });
});
