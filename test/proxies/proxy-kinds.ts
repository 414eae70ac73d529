import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A proxy that is installed on the machine, and how to start it in the foreground as one process. */
export interface ProxyKind {
  readonly name: string;
  /** `undefined` when it is not installed. */
  readonly program: string | undefined;
  readonly version: string;
  /** Whether 8 KiB of baggage and 2 KiB of cookie pass it, as delivered. */
  readonly accepts8KiB: boolean;
  readonly configFile: string;
  /** The least that it needs to forward from one loopback port to another. Nothing about headers: the defaults count. */
  config(port: number, origin: number): string;
  args(folder: string): string[];
}

const nginx = findProgram('nginx');
const haproxy = findProgram('haproxy');

export const PROXY_KINDS: readonly ProxyKind[] = [
  {
    name: 'nginx',
    program: nginx,
    version: versionOf(nginx),
    // large_client_header_buffers 4 8k: a buffer a line.
    accepts8KiB: false,
    configFile: 'nginx.conf',
    config: (port, origin) => `
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path client-body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${origin}; }
  }
}
`,
    args: (folder) => ['-p', folder, '-e', 'stderr', '-c', 'nginx.conf'],
  },
  {
    name: 'haproxy',
    program: haproxy,
    version: versionOf(haproxy),
    // tune.bufsize 16384: one buffer for the whole request.
    accepts8KiB: true,
    configFile: 'haproxy.cfg',
    config: (port, origin) => `
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
listen proxy
  bind 127.0.0.1:${port}
  server origin 127.0.0.1:${origin}
`,
    args: (folder) => ['-db', '-f', join(folder, 'haproxy.cfg')],
  },
];

/** Debian keeps both in sbin, which only root has on its path. */
function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function versionOf(program: string | undefined): string {
  if (program === undefined) return '(not installed)';
  const { stdout, stderr } = spawnSync(program, ['-v'], { encoding: 'utf8', timeout: 10_000 });
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? '';
}
