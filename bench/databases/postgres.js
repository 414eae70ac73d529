import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

const VERSIONS = '/usr/lib/postgresql';
const USER = 'postgres';
/** PostgreSQL refuses to run as root. */
const AS_USER =
  process.getuid?.() === 0 ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'] : ['env'];

/** Whether PostgreSQL is on the machine: test/databases/install.sh puts it there. */
export function hasPostgres() {
  try {
    return readdirSync(VERSIONS).length > 0;
  } catch {
    return false;
  }
}

/** Starts a PostgreSQL on loopback, in a process and a folder of its own. Returns options of pg, and a function that stops it. */
export async function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'deadline-bench-postgres-'));
  if (AS_USER.length > 1) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, USER])));
    chownSync(folder, uid, gid);
  }
  const bin = join(VERSIONS, readdirSync(VERSIONS).sort((one, other) => other - one)[0], 'bin');
  const [wrapper, ...flags] = AS_USER;
  const run = (program, args) => spawn(wrapper, [...flags, join(bin, program), ...args], { stdio: 'ignore' });
  const data = join(folder, 'data');
  await once(run('initdb', ['-D', data, '-U', 'app', '-A', 'trust', '-N']), 'exit');
  const options = { host: '127.0.0.1', port: await freePort(), user: 'app', database: 'postgres' };
  const settings = { port: options.port, listen_addresses: '127.0.0.1', unix_socket_directories: folder, fsync: 'off' };
  const server = run('postgres', [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  await untilReady(options);
  const stop = async () => {
    const gone = once(server, 'exit');
    server.kill('SIGINT');
    await gone;
    rmSync(folder, { recursive: true });
  };
  return { options, stop };
}

async function untilReady(options) {
  for (let left = 200; ; left--) {
    const client = new pg.Client(options);
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (left === 0) throw error;
      await pause(50);
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
