import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Address } from './fixtures/transports.cjs';

const START_LIMIT = 30_000;
const fixture = (name: string) => join(__dirname, 'fixtures', name);

/**
 * Starts hops, each a process of its own, before the tests of a file, and stops them after.
 *
 * @returns what tells the address of each
 */
export function useHops(count: number): (index: number) => Address {
  const addresses: Address[] = [];
  const processes: ChildProcess[] = [];

  // Far more than anything takes: a busy machine must not fail a test.
  jest.setTimeout(START_LIMIT + 5_000);

  beforeAll(async () => {
    for (let i = 0; i < count; i++) processes.push(startHop());
    addresses.push(...(await Promise.all(processes.map(listening))));
  });

  afterAll(async () => {
    await Promise.all(processes.map(stop));
  });

  return (index) => {
    const address = addresses[index];
    if (address === undefined) throw new Error(`hop ${index} of ${addresses.length}`);
    return address;
  };
}

function startHop(): ChildProcess {
  // A proxy, which grpc-js takes even for loopback, and OpenTelemetry's own settings are not the tests' subject.
  const foreign = /^OTEL_|_proxy$|^NODE_OPTIONS$/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  return fork(fixture('hop.cjs'), { execArgv: ['--require', fixture('telemetry.cjs')], env });
}

async function listening(hop: ChildProcess): Promise<Address> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    return await Promise.race([
      once(hop, 'message', { signal }).then(([address]) => address as Address),
      once(hop, 'exit', { signal }).then(([code]) =>
        Promise.reject(new Error(`a hop ended at once: exit code ${code}`)),
      ),
      pause(START_LIMIT, undefined, { signal }).then(() => Promise.reject(new Error('a hop did not listen in time'))),
    ]);
  } finally {
    settled.abort();
  }
}

async function stop(hop: ChildProcess): Promise<void> {
  if (hop.exitCode !== null || hop.signalCode !== null) return;
  const gone = once(hop, 'exit');
  hop.kill('SIGKILL');
  await gone;
}
