import { join } from 'node:path';
import { build } from 'esbuild';

const PACKAGE = join(__dirname, '../..');

export interface Bundle {
  readonly code: string;
  /** The files that went into it. */
  readonly inputs: readonly string[];
}

/**
 * Bundles a file for browsers. A built-in of Node that it imports, however deep, can't be resolved then.
 *
 * @param target what the code is compiled to; to ES2016 there is no `await` in it
 * @throws when something can't be resolved, with what and where
 */
export async function bundleForBrowser(file: string, target = 'es2022'): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(__dirname, 'page', file)],
    absWorkingDir: PACKAGE,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target,
    // So that a node_modules that is a link is named like any other.
    preserveSymlinks: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return { code: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) };
}
