import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ChildProcess } from '../support/processes/child-process.js';
import { accepts, freePort } from '../support/processes/ports.js';
import type { ProxyKind } from './proxy-kinds.js';

const START_LIMIT = 10_000;

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
      const child = ChildProcess.spawn(kind.program as string, { args: kind.args(folder) });
      const proxy = new RunningProxy(port, child, folder);
      const failure = await untilListening(child, port);
      if (failure === undefined) return proxy;
      failures.push(failure);
      await proxy.stop();
    }
    throw new Error(`${kind.name} did not start:\n${failures.join('\n')}`);
  }

  async stop(): Promise<void> {
    await this.process.stop('SIGTERM');
    rmSync(this.folder, { recursive: true });
  }
}

/** What it said when it did not come to listen. */
async function untilListening(child: ChildProcess, port: number): Promise<string | undefined> {
  for (const end = performance.now() + START_LIMIT; performance.now() < end; await pause(20)) {
    if (child.gone) return child.stderr || 'it ended at once';
    if (await accepts(port)) return undefined;
  }
  return `it does not listen; ${child.stderr}`;
}
