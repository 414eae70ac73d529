import { diag } from '@opentelemetry/api';
import { InstrumentationNodeModuleDefinition, InstrumentationNodeModuleFile } from '@opentelemetry/instrumentation';
import { LoadedClasses } from '../../hooks/loaded-classes.js';
import { loadedFiles } from '../../hooks/loaded-files.js';

const VERSIONS = ['>=8.0.3 <9'];
const POOL_VERSIONS = ['>=3.1.0 <4'];

/** A file of pg or pg-pool, in any folder. */
const FILE = /[/\\]node_modules[/\\](pg[/\\]lib[/\\]client|pg-pool[/\\]index)\.js$/;

export const clients = new LoadedClasses();
export const queries = new LoadedClasses();
export const pools = new LoadedClasses();

// biome-ignore lint/suspicious/noExplicitAny: the exports of a module have any shape
type Exports = any;

/** The hooks for pg. They work in ES module applications too, because pg itself requires its files. */
export function pgModules(): InstrumentationNodeModuleDefinition[] {
  const main = (loaded: Exports) => {
    const { Client, Pool } = loaded.Client ? loaded : (loaded.default ?? {});
    meetClient(Client);
    // Of the class that pg derives from that of pg-pool.
    meetPool(Pool && Object.getPrototypeOf(Pool));
    return loaded;
  };
  const client = new InstrumentationNodeModuleFile('pg/lib/client.js', VERSIONS, seen(meetClient), () => {});
  const native = new InstrumentationNodeModuleFile('pg/lib/native/client.js', VERSIONS, seen(warnOfNative), () => {});
  const pool = (loaded: Exports) => {
    meetPool(loaded.default ?? loaded);
    return loaded;
  };
  return [
    new InstrumentationNodeModuleDefinition('pg', VERSIONS, main, undefined, [client, native]),
    new InstrumentationNodeModuleDefinition('pg-pool', POOL_VERSIONS, pool),
  ];
}

/** Finds the copies that were loaded before us. */
export function findLoadedCopies(): void {
  for (const { name, exports } of loadedFiles(FILE)) {
    if (name.startsWith('pg-pool')) meetPool(exports);
    else meetClient(exports);
  }
}

const seen = (meet: (loaded: Exports) => void) => (loaded: Exports) => {
  meet(loaded);
  return loaded;
};

/** A client that has other names for what we use is left alone: that of pg-native, or one of a version to come. */
function meetClient(Client: Exports): void {
  const { prototype } = Client ?? {};
  if (typeof prototype?._pulseQueryQueue !== 'function' || !Client.Query?.prototype?.handleReadyForQuery) return;
  clients.add(prototype);
  queries.add(Client.Query.prototype);
}

function meetPool(Pool: Exports): void {
  if (typeof Pool?.prototype?._release === 'function') pools.add(Pool.prototype);
}

let warned = false;

function warnOfNative(): void {
  if (warned) return;
  warned = true;
  diag.warn(
    'pg-native is loaded, whose statements can be neither refused nor cancelled: they run on when their caller has gone. ' +
      'Only the queue of its pool is covered. TypeORM takes pg-native when it is installed: remove it, or pass `driver`',
  );
}
