import { createRequire } from 'node:module';
import { join } from 'node:path';
import { InstrumentationNodeModuleDefinition, InstrumentationNodeModuleFile } from '@opentelemetry/instrumentation';
import type { Settings } from '../settings.js';
import { expectStreamErrors, instrumentGrpcChannel } from './client.js';
import { patchServer as patchServerClass } from './server.js';

const VERSIONS = ['>=1.10.0 <2'];

/** A file of grpc-js, in any folder. */
const LOADED = /[/\\]@grpc[/\\]grpc-js[/\\]build[/\\]src[/\\](\w+)\.js$/;

// biome-ignore lint/suspicious/noExplicitAny: what a module exports has any shape
type Exports = any;
interface Class {
  prototype: object;
}
/** Puts a patch on and returns what takes it off. */
type Apply = (patched: Class, settings: Settings) => () => void;

/** The classes of grpc-js that have been loaded, of one copy or several, with the patches that they get while enabled. */
export class GrpcModules {
  private readonly loaded = new Map<Class, Apply>();
  private settings: Settings | undefined = undefined;
  private undo: (() => void)[] = [];
  /** What is patched in which file. */
  private readonly files: Readonly<Record<string, (exports: Exports) => void>> = {
    channel: (exports) => this.add(exports.ChannelImplementation, patchChannel),
    call: (exports) => {
      this.add(exports.ClientReadableStreamImpl, patchStream);
      this.add(exports.ClientDuplexStreamImpl, patchStream);
    },
    server: (exports) => this.add(exports.Server, patchServer),
  };

  enable(settings: Settings): void {
    if (this.settings !== undefined) return;
    this.addLoaded();
    this.settings = settings;
    for (const [patched, apply] of this.loaded) this.undo.push(apply(patched, settings));
  }

  disable(): void {
    this.settings = undefined;
    for (const step of this.undo) step();
    this.undo = [];
  }

  /** What loads them. Its files are seen in ES modules too, because grpc-js itself requires them. */
  definition(): InstrumentationNodeModuleDefinition {
    return new InstrumentationNodeModuleDefinition(
      '@grpc/grpc-js',
      VERSIONS,
      (exports) => {
        // For a copy that was loaded before us and is required again.
        this.add(exports.Channel, patchChannel);
        this.add(exports.Server, patchServer);
        return exports;
      },
      undefined,
      Object.entries(this.files).map(([name, load]) => moduleFile(name, load)),
    );
  }

  /**
   * A copy that was loaded before us (SDK 3 does, for its exporters), and that an ES module imports: nothing is required
   * then, and no hook runs.
   */
  private addLoaded(): void {
    const { cache } = createRequire(join(process.cwd(), 'any'));
    for (const [path, module] of Object.entries(cache)) {
      const file = LOADED.exec(path)?.[1];
      if (file !== undefined && isSupported(path)) this.files[file]?.(module?.exports);
    }
  }

  private add(patched: Class | undefined, apply: Apply): void {
    if (patched === undefined || this.loaded.has(patched)) return;
    this.loaded.set(patched, apply);
    if (this.settings !== undefined) this.undo.push(apply(patched, this.settings));
  }
}

function moduleFile(name: string, load: (exports: Exports) => void): InstrumentationNodeModuleFile {
  const patch = (exports: Exports) => {
    load(exports);
    return exports;
  };
  return new InstrumentationNodeModuleFile(`@grpc/grpc-js/build/src/${name}.js`, VERSIONS, patch, () => {});
}

/** Whether a file belongs to a version of {@link VERSIONS}. */
function isSupported(path: string): boolean {
  const { version } = createRequire(path)('../../package.json');
  const [major, minor] = String(version).split('.').map(Number);
  return major === 1 && minor !== undefined && minor >= 10;
}

const nothing = () => {};
const patchChannel: Apply = (patched, settings) =>
  settings.client.grpc ? instrumentGrpcChannel(patched, settings) : nothing;
const patchStream: Apply = (patched, settings) =>
  settings.client.grpc && settings.enforce ? expectStreamErrors(patched) : nothing;
const patchServer: Apply = (patched, settings) =>
  settings.server.grpc ? patchServerClass(patched, settings) : nothing;
