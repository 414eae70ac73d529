import { InstrumentationNodeModuleDefinition, InstrumentationNodeModuleFile } from '@opentelemetry/instrumentation';
import { expectStreamErrors, instrumentGrpcChannel } from './grpc-client.js';
import { watchForInjection } from './grpc-metadata.js';
import { instrumentGrpcServer } from './grpc-server.js';
import type { InstrumentationSettings } from './options.js';

const VERSIONS = ['>=1.10.0 <2'];

// biome-ignore lint/suspicious/noExplicitAny: what a module exports has any shape
type Exports = any;
interface Class {
  prototype: object;
}
/** Puts a patch on and returns what takes it off. */
type Apply = (patched: Class, settings: InstrumentationSettings) => () => void;

/** The classes of grpc-js that have been loaded, of one copy or several, with the patches that they get while enabled. */
export class GrpcModules {
  private readonly loaded = new Map<Class, Apply>();
  private settings: InstrumentationSettings | undefined = undefined;
  private undo: (() => void)[] = [];

  enable(settings: InstrumentationSettings): void {
    if (this.settings !== undefined) return;
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
        this.add(exports.Client, patchClient);
        this.add(exports.Server, patchServer);
        return exports;
      },
      undefined,
      [
        this.file('channel', (exports) => this.add(exports.ChannelImplementation, patchChannel)),
        this.file('client', (exports) => this.add(exports.Client, patchClient)),
        this.file('call', (exports) => {
          this.add(exports.ClientReadableStreamImpl, patchStream);
          this.add(exports.ClientDuplexStreamImpl, patchStream);
        }),
        this.file('server', (exports) => this.add(exports.Server, patchServer)),
      ],
    );
  }

  private file(name: string, load: (exports: Exports) => void): InstrumentationNodeModuleFile {
    const patch = (exports: Exports) => {
      load(exports);
      return exports;
    };
    return new InstrumentationNodeModuleFile(`@grpc/grpc-js/build/src/${name}.js`, VERSIONS, patch, () => {});
  }

  private add(patched: Class | undefined, apply: Apply): void {
    if (patched === undefined || this.loaded.has(patched)) return;
    this.loaded.set(patched, apply);
    if (this.settings !== undefined) this.undo.push(apply(patched, this.settings));
  }
}

const nothing = () => {};
const patchChannel: Apply = (patched, settings) =>
  settings.client.grpc ? instrumentGrpcChannel(patched, settings) : nothing;
const patchClient: Apply = (patched) => watchForInjection(patched);
const patchStream: Apply = (patched, settings) =>
  settings.client.grpc && settings.enforce ? expectStreamErrors(patched) : nothing;
const patchServer: Apply = (patched, settings) =>
  settings.server.grpc ? instrumentGrpcServer(patched, settings) : nothing;
