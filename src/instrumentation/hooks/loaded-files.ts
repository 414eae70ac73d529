import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A file that this process has loaded by `require`. */
interface LoadedFile {
  readonly path: string;
  /** What `pattern` has captured of its path. */
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: the exports of a module have any shape
  readonly exports: any;
}

/**
 * The files of a package that were loaded before us (SDK 3 does that, for its exporters) and that an ES module imports:
 * nothing is required then, and no hook runs.
 *
 * @param pattern of paths, with one group
 */
export function loadedFiles(pattern: RegExp): LoadedFile[] {
  const { cache } = createRequire(join(process.cwd(), 'any'));
  return Object.entries(cache).flatMap(([path, module]) => {
    const name = pattern.exec(path)?.[1];
    return name === undefined ? [] : { path, name, exports: module?.exports };
  });
}
