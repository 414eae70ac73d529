import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

/** The first of the commands that runs with those arguments. */
function thatRuns(commands: readonly string[], args: readonly string[]): string | undefined {
  return commands.find((command) => spawnSync(command, args, { timeout: 20_000 }).status === 0);
}

/** A language that must be on the machine. */
export interface Language {
  readonly name: string;
  /** `undefined` when it is not installed. */
  readonly command: string | undefined;
}

export const GO: Language = { name: 'Go', command: thatRuns(['go', '/usr/lib/go/bin/go'], ['version']) };

/** Debian's gRPC belongs to Debian's Python, which need not be the first on the path. */
export const PYTHON: Language = {
  name: 'gRPC for Python',
  command: thatRuns(['/usr/bin/python3', 'python3'], ['-c', 'import grpc']),
};

/** Tests that need a language. Where it is absent, they are reported as skipped, by name. */
export function describeIn({ name, command }: Language, title: string, tests: (command: string) => void): void {
  if (command !== undefined) {
    describe(title, () => tests(command));
    return;
  }
  process.stderr.write(`\nSKIPPED: ${title}: ${name} is not installed. Nothing is known about it.\n\n`);
  test.skip(`${title}: ${name} is not installed: run test/languages/install.sh`, () => {});
}

/** Builds all programs of the folder `go` into `folder`: from the standard library alone, without a network. */
export function buildGo(command: string, folder: string): void {
  const cache = join(root, '.cache', 'go-build');
  mkdirSync(cache, { recursive: true });
  const env = {
    ...process.env,
    GOCACHE: cache,
    GOPATH: join(folder, 'path'),
    GOPROXY: 'off',
    GOFLAGS: '',
    CGO_ENABLED: '0',
  };
  const options = { cwd: join(__dirname, 'go'), env, encoding: 'utf8', timeout: 300_000 } as const;
  const { status, stderr, error } = spawnSync(command, ['build', '-o', `${folder}/`, './...'], options);
  if (status !== 0) throw new Error(`go build: ${error?.message ?? stderr}`);
}
