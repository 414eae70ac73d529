import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { cleanEnvironment } from '../support/processes/clean-environment.cjs';
import type { Line } from './lines.js';
import { RunningService } from './running-service.js';

const ROOT = join(__dirname, '../..');
const INSTALL_LIMIT = 300_000;

/** What `npm publish` would send. */
export interface Tarball {
  readonly path: string;
  /** The names of the files in it. */
  readonly files: readonly string[];
  /** In bytes, packed. */
  readonly size: number;
}

/** Packs this package as `npm publish` does, which builds it first, into a folder of its own. */
export function packTarball(): Tarball {
  const folder = mkdtempSync(join(tmpdir(), 'deadline-tarball-'));
  const stdout = execFileSync('npm', ['pack', '--json', '--loglevel=error', `--pack-destination=${folder}`], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: INSTALL_LIMIT,
  });
  // What the build prints comes first.
  const [{ filename, files, size }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
  return { path: join(folder, filename), files: files.map(({ path }: { path: string }) => path), size };
}

/** A project that has installed the tarball and one line of OpenTelemetry from the registry, and nothing of ours. */
export class UserProject {
  readonly path = mkdtempSync(join(tmpdir(), 'deadline-project-'));
  private readonly node: string;
  private readonly services: RunningService[] = [];

  constructor(line: Line, tarball: string) {
    this.node = line.node();
    cpSync(join(__dirname, 'project'), this.path, { recursive: true });
    writeFileSync(join(this.path, 'package.json'), '{ "private": true, "type": "module" }\n');
    const packages = Object.entries(line.packages).map(([name, version]) => `${name}@${version}`);
    this.run('npm', ['install', '--no-audit', '--no-fund', tarball, ...packages]);
  }

  /** Runs a command to its end, on the line's Node. Returns what it has printed; throws when it fails, with that. */
  run(command: string, args: readonly string[]): string {
    const options: ExecFileSyncOptions = { cwd: this.path, env: this.env, timeout: INSTALL_LIMIT, stdio: 'pipe' };
    try {
      return execFileSync(command, args, { ...options, encoding: 'utf8' });
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
    }
  }

  async start(file: string, flags: readonly string[]): Promise<RunningService> {
    const service = new RunningService(this.node, join(this.path, file), { cwd: this.path, env: this.env, flags });
    this.services.push(service);
    await service.listening();
    return service;
  }

  async stop(): Promise<void> {
    await Promise.all(this.services.splice(0).map((service) => service.stop()));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  private get env(): NodeJS.ProcessEnv {
    return cleanEnvironment({
      PATH: `${dirname(this.node)}${delimiter}${process.env.PATH}`,
      // Nobody collects, and nothing outside this machine is asked where it runs.
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_NODE_RESOURCE_DETECTORS: 'none',
    });
  }
}
