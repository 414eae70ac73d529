import { createRequire } from 'node:module';
import { InstrumentationNodeModuleDefinition, InstrumentationNodeModuleFile } from '@opentelemetry/instrumentation';
import { LoadedClasses } from '../hooks/loaded-classes.js';
import { loadedFiles } from '../hooks/loaded-files.js';

const VERSIONS = ['>=1.10.0 <2'];

/** A file of grpc-js, in any folder. */
const FILE = /[/\\]@grpc[/\\]grpc-js[/\\]build[/\\]src[/\\](\w+)\.js$/;

export const channels = new LoadedClasses();
/** The streams of answers that clients read. */
export const clientStreams = new LoadedClasses();
export const servers = new LoadedClasses();

// biome-ignore lint/suspicious/noExplicitAny: the exports of a module have any shape
type Exports = any;

/**
 * The classes that each file of grpc-js exports.
 *
 * WORKAROUND @grpc/grpc-js >=1.10: its index does not export the streams that clients read (no issue known); remove when it
 * does.
 */
const FILES: Readonly<Record<string, (loaded: Exports) => void>> = {
  channel: (loaded) => channels.add(loaded?.ChannelImplementation?.prototype),
  call: (loaded) => {
    clientStreams.add(loaded?.ClientReadableStreamImpl?.prototype);
    clientStreams.add(loaded?.ClientDuplexStreamImpl?.prototype);
  },
  server: (loaded) => servers.add(loaded?.Server?.prototype),
};

/** The hook for grpc-js. It works in ES module applications too, because grpc-js itself requires its files. */
export function grpcModule(): InstrumentationNodeModuleDefinition {
  // For a copy that was loaded before us and is required again.
  const main = (loaded: Exports) => {
    channels.add(loaded.Channel?.prototype);
    servers.add(loaded.Server?.prototype);
    return loaded;
  };
  const files = Object.entries(FILES).map(([name, find]) => {
    const seen = (loaded: Exports) => {
      find(loaded);
      return loaded;
    };
    return new InstrumentationNodeModuleFile(`@grpc/grpc-js/build/src/${name}.js`, VERSIONS, seen, () => {});
  });
  return new InstrumentationNodeModuleDefinition('@grpc/grpc-js', VERSIONS, main, undefined, files);
}

/** Finds the copies that were loaded before us. */
export function findLoadedCopies(): void {
  for (const { path, name, exports } of loadedFiles(FILE)) if (isSupported(path)) FILES[name]?.(exports);
}

/** Whether a file belongs to a version of {@link VERSIONS}. */
function isSupported(path: string): boolean {
  const { version } = createRequire(path)('../../package.json');
  const [major, minor] = String(version).split('.').map(Number);
  return major === 1 && minor !== undefined && minor >= 10;
}
