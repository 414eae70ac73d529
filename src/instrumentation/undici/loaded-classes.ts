import { InstrumentationNodeModuleDefinition, InstrumentationNodeModuleFile } from '@opentelemetry/instrumentation';
import { LoadedClasses } from '../hooks/loaded-classes.js';

/**
 * The keys under which undici keeps the dispatcher that global `fetch` uses.
 *
 * WORKAROUND node >=20: the undici in Node can't be imported, and its versions read different keys (no issue known); remove
 * when Node exports its global dispatcher.
 */
const GLOBAL_DISPATCHERS = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')];

/** What has a `dispatch`: the dispatchers of Node's own undici, and of each copy from npm. */
export const dispatchers = new LoadedClasses();

/** Looks at the dispatcher that global `fetch` uses: Node loads its undici late, and the application may set another. */
export function meetGlobalDispatcher(): void {
  for (const key of GLOBAL_DISPATCHERS) {
    const dispatcher: unknown = (globalThis as Record<symbol, unknown>)[key];
    if (typeof dispatcher === 'object' && dispatcher !== null) meet(Object.getPrototypeOf(dispatcher));
  }
}

/**
 * The hook for undici from npm. It works in ES module applications too, because undici itself requires the file.
 *
 * WORKAROUND undici >=6: its index does not export the base class of all dispatchers (no issue known); remove when it does.
 */
export function undiciModule(): InstrumentationNodeModuleDefinition {
  const seen = (exports: { prototype: object }) => {
    meet(exports.prototype);
    return exports;
  };
  const file = new InstrumentationNodeModuleFile('undici/lib/dispatcher/dispatcher-base.js', ['*'], seen, () => {});
  // For a copy of undici that was loaded before us and is required again.
  const main = (exports: { Agent: { prototype: object } }) => {
    seen(exports.Agent);
    return exports;
  };
  return new InstrumentationNodeModuleDefinition('undici', ['*'], main, undefined, [file]);
}

/** `dispatch` may be inherited. */
function meet(prototype: object | null): void {
  let owner = prototype;
  while (owner !== null && !Object.hasOwn(owner, 'dispatch')) owner = Object.getPrototypeOf(owner);
  if (owner !== null) dispatchers.add(owner);
}
