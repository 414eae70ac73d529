import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGE = join(__dirname, '../..');

export interface UserProgram {
  readonly source: string;
  /** The name of its file, whose ending says which kind of module it is. */
  readonly file: `${string}.mjs` | `${string}.cjs`;
  /** Options of `node`. */
  readonly flags?: readonly string[];
}

/** A directory in which the built package is installed, as a user has it; `npm test` builds before the tests. */
export class UserDirectory {
  private readonly path = mkdtempSync(join(tmpdir(), 'deadline-user-'));

  constructor() {
    mkdirSync(join(this.path, 'node_modules'));
    symlinkSync(PACKAGE, join(this.path, 'node_modules/opentelemetry-propagator-deadline'), 'dir');
    symlinkSync(join(PACKAGE, 'node_modules/@opentelemetry'), join(this.path, 'node_modules/@opentelemetry'), 'dir');
  }

  /** Runs a program in a process of its own until it ends by itself, and returns the JSON that it prints. */
  run({ source, file, flags = [] }: UserProgram): unknown {
    writeFileSync(join(this.path, file), source);
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...flags, file], {
      cwd: this.path,
      encoding: 'utf8',
      timeout: 20_000,
    });
    if (status !== 0) throw new Error(`${file} ended with ${signal ?? status}: ${stderr}`);
    return JSON.parse(stdout);
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
