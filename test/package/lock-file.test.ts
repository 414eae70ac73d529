import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name: string) => JSON.parse(readFileSync(join(__dirname, '../..', name), 'utf8'));
const { '': root, ...locked }: Record<string, Record<string, unknown>> = read('package-lock.json').packages;

test('every locked package has a checksum and no address: the registry is the one that is configured', () => {
  expect(Object.keys(locked).length).toBeGreaterThan(500);
  const bad = Object.entries(locked).filter(([, { resolved, integrity, inBundle }]) => {
    return resolved !== undefined || !(integrity || inBundle);
  });
  expect(bad).toEqual([]);
});

test('the lock file is that of package.json; `npm install --package-lock-only` mends it', () => {
  const { devDependencies, peerDependencies } = read('package.json');
  expect(root).toMatchObject({ devDependencies, peerDependencies });
});
