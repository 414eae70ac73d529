// biome-ignore lint/suspicious/noExplicitAny: methods of other people's prototypes have any shape
export type Method = (this: any, ...args: any[]) => any;

/** A method that has been replaced, as its replacement sees it. */
export interface Patched<Settings> {
  /**
   * What it was replaced for. `undefined` when it was undone and could not be taken off, and always where it was given
   * none: a replacement that has settings must do then as the original does.
   */
  readonly settings: Settings | undefined;
}

/** Makes the replacement for a method. The same function each time that the method is patched. */
export type Wrap<Settings> = (original: Method, patched: Patched<Settings>) => Method;

class Patch<Settings> implements Patched<Settings> {
  settings: Settings | undefined;
  /** What belongs to the last `patchMethod`, until that is undone. */
  turn: object | undefined = undefined;
  private readonly original: Method;
  private readonly inherited: boolean;
  /** Called with nothing in between: one wrapper for all methods would cost a microsecond in each request. */
  private readonly replacement: Method;

  constructor(
    private readonly methods: Record<string, Method>,
    private readonly name: string,
    readonly wrap: Wrap<Settings>,
  ) {
    this.original = methods[name] as Method;
    this.inherited = !Object.hasOwn(methods, name);
    this.replacement = wrap(this.original, this);
    methods[name] = this.replacement;
  }

  /** Returns whether it could be taken off. */
  remove(): boolean {
    if (this.methods[this.name] !== this.replacement) return false;
    if (this.inherited) delete this.methods[this.name];
    else this.methods[this.name] = this.original;
    return true;
  }
}

/** Where our replacements are. */
const patches = new WeakMap<object, Map<string, Patch<unknown>>>();

/**
 * Replaces a method by what `wrap` makes of it, for all who call it from now on.
 *
 * Returns what takes it off again. If somebody has wrapped the method since, ours can't be taken out from under him: it
 * stays and has no settings, and the next `patchMethod` brings that one to life instead of adding another.
 *
 * @param settings what the replacement is to know; none where it does the same all the time
 */
export function patchMethod<Settings>(
  owner: object,
  name: string,
  wrap: Wrap<Settings>,
  settings?: Settings,
): () => void {
  const byName = patches.get(owner) ?? new Map<string, Patch<unknown>>();
  patches.set(owner, byName);
  const known = byName.get(name) as Patch<Settings> | undefined;
  const patch = known?.wrap === wrap ? known : new Patch(owner as Record<string, Method>, name, wrap);
  byName.set(name, patch as Patch<unknown>);
  const turn = {};
  patch.settings = settings;
  patch.turn = turn;
  return () => {
    if (patch.turn !== turn) return;
    patch.settings = undefined;
    patch.turn = undefined;
    if (patch.remove() && byName.get(name) === (patch as Patch<unknown>)) byName.delete(name);
  };
}
