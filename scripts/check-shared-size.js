// What `shared` adds to a bundle of everything behind ".": size-limit measures no differences. Needs a build.
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

/** In bytes, minified and brotlied, as size-limit measures. */
const LIMIT = 700;

const entry = join(import.meta.dirname, '../dist/esm/index.js');

const withoutShared = {
  name: 'without shared',
  setup({ onLoad }) {
    onLoad({ filter: /context[\\/]shared[\\/]shared\.js$/ }, () => ({ contents: 'export const shared = undefined;' }));
  },
};

async function sizeWith(plugins) {
  const external = ['@opentelemetry/api', '@opentelemetry/core'];
  const options = { entryPoints: [entry], bundle: true, minify: true, format: 'esm', write: false };
  const { outputFiles } = await build({ ...options, external, plugins });
  return brotliCompressSync(outputFiles[0].contents).length;
}

const size = (await sizeWith([])) - (await sizeWith([withoutShared]));
console.log(`shared adds ${size} B, at most ${LIMIT} B`);
if (size > LIMIT) process.exitCode = 1;
