import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProxyKind } from './proxy-kinds.js';

const START_LIMIT = 10_000;
const STOP_LIMIT = 3_000;

/** A proxy in front of a port, in a process and a folder of its own. */
export class RunningProxy {
  private constructor(
    readonly port: number,
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {}

  /** A port that was free may be taken a moment later: three attempts. */
  static async start(kind: ProxyKind, origin: number): Promise<RunningProxy> {
    const failures: string[] = [];
    while (failures.length < 3) {
      const port = await freePort();
      const folder = mkdtempSync(join(tmpdir(), `deadline-${kind.name}-`));
      writeFileSync(join(folder, kind.configFile), kind.config(port, origin));
      const child = spawn(kind.program as string, kind.args(folder), { stdio: ['ignore', 'ignore', 'pipe'] });
      const proxy = new RunningProxy(port, child, folder);
      const failure = await untilListening(child, port);
      if (failure === undefined) return proxy;
      failures.push(failure);
      await proxy.stop();
    }
    throw new Error(`${kind.name} did not start:\n${failures.join('\n')}`);
  }

  async stop(): Promise<void> {
    if (isRunning(this.process)) {
      const gone = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      const killer = setTimeout(() => this.process.kill('SIGKILL'), STOP_LIMIT);
      await gone;
      clearTimeout(killer);
    }
    rmSync(this.folder, { recursive: true });
  }
}

/** What it said when it did not come to listen. */
async function untilListening(child: ChildProcess, port: number): Promise<string | undefined> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.on('error', (error) => {
    said += error.message;
  });
  for (const end = performance.now() + START_LIMIT; performance.now() < end; await pause(20)) {
    if (!isRunning(child)) return said || 'it ended at once';
    if (await accepts(port)) return undefined;
  }
  return `it does not listen; ${said}`;
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
