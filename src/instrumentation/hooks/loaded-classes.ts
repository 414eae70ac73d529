import type { Undo } from './patch-method.js';

/** The prototypes of a class of an optional package: one for each copy of the package that this process has loaded. */
export class LoadedClasses {
  private readonly prototypes = new Set<object>();
  private readonly listeners = new Set<(prototype: object) => void>();

  /** A copy has been loaded. Does nothing for a prototype that is known, or where a version has no such class. */
  add(prototype: object | undefined): void {
    if (prototype === undefined || this.prototypes.has(prototype)) return;
    this.prototypes.add(prototype);
    for (const listener of this.listeners) listener(prototype);
  }

  /** Patches every prototype, now or when its copy is loaded. */
  patch(patchPrototype: (prototype: object) => Undo): Undo {
    const undos: Undo[] = [];
    const listener = (prototype: object) => void undos.push(patchPrototype(prototype));
    for (const prototype of this.prototypes) listener(prototype);
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      for (const undo of undos.splice(0)) undo();
    };
  }
}
