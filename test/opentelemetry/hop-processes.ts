import { join } from 'node:path';
import { ChildProcess } from '../support/processes/child-process.js';
import type { Address } from './fixtures/transports.cjs';

const fixture = (name: string) => join(__dirname, 'fixtures', name);

/**
 * Starts hops, each a process of its own, before the tests of a file, and stops them after.
 *
 * @returns what tells the address of each
 */
export function useHops(count: number): (index: number) => Address {
  const addresses: Address[] = [];

  beforeAll(async () => {
    addresses.push(...(await Promise.all(Array.from({ length: count }, startHop))));
  });

  return (index) => {
    const address = addresses[index];
    if (address === undefined) throw new Error(`hop ${index} of ${addresses.length}`);
    return address;
  };
}

function startHop(): Promise<Address> {
  return ChildProcess.fork(fixture('hop.cjs'), { flags: ['--require', fixture('telemetry.cjs')] }).firstMessage();
}
