import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ChildProcess } from '../support/processes/child-process.js';
import { accepts, freePort } from '../support/processes/ports.js';

/** In ms. RabbitMQ takes ten seconds on an idle machine. */
const START_LIMIT = 50_000;

/** A broker on loopback, in processes and a folder of its own. */
export class RunningBroker {
  private constructor(
    readonly port: number,
    private readonly processes: readonly ChildProcess[],
    private readonly folder: string,
  ) {}

  static async redis(): Promise<RunningBroker> {
    const [port, folder] = [await freePort(), newFolder('redis')];
    const options = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no' };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return start(new RunningBroker(port, [ChildProcess.spawn('redis-server', { args })], folder));
  }

  static async rabbitMq(): Promise<RunningBroker> {
    const [port, epmd, distribution] = [await freePort(), await freePort(), await freePort()];
    const folder = newFolder('rabbitmq');
    writeFileSync(join(folder, 'plugins'), '[].');
    const env = {
      // Erlang keeps a cookie there.
      HOME: folder,
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: 'deadline@localhost',
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      RABBITMQ_MNESIA_BASE: folder,
      RABBITMQ_LOG_BASE: folder,
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
      RABBITMQ_CONFIG_FILE: join(folder, 'none'),
      // The script then becomes the server, instead of a parent that would outlive or leave it.
      RABBITMQ_ALLOW_INPUT: '1',
    };
    // RabbitMQ would start one itself that stays for ever.
    const names = ChildProcess.spawn('epmd', { env });
    // Debian's own script becomes the user rabbitmq; this one runs as whoever starts it.
    const server = ChildProcess.spawn('/usr/lib/rabbitmq/bin/rabbitmq-server', { env });
    return start(new RunningBroker(port, [server, names], folder));
  }

  async stop(): Promise<void> {
    for (const child of this.processes) await child.stop('SIGTERM');
    rmSync(this.folder, { recursive: true });
  }

  /** @throws with what a process of the broker wrote, when it ended or nobody listens in time */
  async listening(): Promise<void> {
    for (const end = performance.now() + START_LIMIT; performance.now() < end; await pause(50)) {
      if (this.processes.some(({ gone }) => gone)) break;
      if (await accepts(this.port)) return;
    }
    throw new Error(`it does not listen: ${this.processes.map(({ stdout, stderr }) => stdout + stderr).join('\n')}`);
  }
}

async function start(broker: RunningBroker): Promise<RunningBroker> {
  try {
    await broker.listening();
    return broker;
  } catch (error) {
    await broker.stop();
    throw error;
  }
}

const newFolder = (name: string) => mkdtempSync(join(tmpdir(), `deadline-${name}-`));
