// biome-ignore lint/suspicious/noExplicitAny: methods of other people's prototypes have any shape
export type Method = (this: any, ...args: any[]) => any;

class Patch {
  /** `undefined`: a pass-through. */
  replacement: Method | undefined = undefined;
  readonly original: Method;
  readonly wrapper: Method;
  private readonly inherited: boolean;

  constructor(
    private readonly methods: Record<string, Method>,
    private readonly name: string,
  ) {
    const patch = this;
    this.original = methods[name] as Method;
    this.inherited = !Object.hasOwn(methods, name);
    this.wrapper = function (this: unknown, ...args: unknown[]) {
      return (patch.replacement ?? patch.original).apply(this, args);
    };
    methods[name] = this.wrapper;
  }

  /** Returns whether it could be taken off. */
  remove(): boolean {
    if (this.methods[this.name] !== this.wrapper) return false;
    if (this.inherited) delete this.methods[this.name];
    else this.methods[this.name] = this.original;
    return true;
  }
}

/** Where our wrappers are. */
const patches = new WeakMap<object, Map<string, Patch>>();

/**
 * Replaces a method by what `wrap` makes of it, for all who call it from now on.
 *
 * Returns what takes it off again. If somebody has wrapped the method since, ours can't be taken out from under him:
 * it stays as a pass-through, and the next `patchMethod` brings that one to life instead of adding another.
 */
export function patchMethod(owner: object, name: string, wrap: (original: Method) => Method): () => void {
  const byName = patches.get(owner) ?? new Map<string, Patch>();
  patches.set(owner, byName);
  const patch = byName.get(name) ?? new Patch(owner as Record<string, Method>, name);
  byName.set(name, patch);
  const replacement = wrap(patch.original);
  patch.replacement = replacement;
  return () => {
    if (patch.replacement !== replacement) return;
    patch.replacement = undefined;
    if (patch.remove()) byName.delete(name);
  };
}
