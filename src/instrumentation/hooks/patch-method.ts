// biome-ignore lint/suspicious/noExplicitAny: methods of other people's prototypes have any shape
export type Method = (this: any, ...args: any[]) => any;

/** Takes back one step: a patch, a listener, a subscription. The second call does nothing. */
export type Undo = () => void;

/** One `Undo` for several, which takes them back in their order. */
export function undoAll(steps: readonly Undo[]): Undo {
  return () => {
    for (const undo of steps) undo();
  };
}

/** A patched method, as its replacement sees it. */
export interface Patched<Settings> {
  /**
   * What the replacement works with. `undefined` while the patch is off but could not be removed: then the replacement
   * must do as the original does. The type makes every replacement look.
   */
  readonly settings: Settings | undefined;
}

/** Makes the replacement for a method. It must be the same function each time that the same method is patched. */
export type Wrap<Settings> = (original: Method, patched: Patched<Settings>) => Method;

class Patch<Settings> implements Patched<Settings> {
  settings: Settings | undefined;
  /** How often `patchMethod` has put settings in. Only the newest `Undo` takes them out. */
  turns = 0;
  private readonly original: Method;
  private readonly inherited: boolean;
  /** Installed itself: a generic wrapper around all replacements would cost a microsecond in each request. */
  private readonly replacement: Method;

  constructor(
    private readonly owner: Record<string, Method>,
    private readonly name: string,
    readonly wrap: Wrap<Settings>,
  ) {
    this.original = owner[name] as Method;
    this.inherited = !Object.hasOwn(owner, name);
    this.replacement = wrap(this.original, this);
    owner[name] = this.replacement;
  }

  /** Restores the original. Returns whether that was possible: it is not once other code has wrapped the replacement. */
  remove(): boolean {
    if (this.owner[this.name] !== this.replacement) return false;
    if (this.inherited) delete this.owner[this.name];
    else this.owner[this.name] = this.original;
    return true;
  }
}

/** The patches that are installed, by the object that they are on and by the method's name. */
const installed = new WeakMap<object, Map<string, Patch<unknown>>>();

/**
 * Replaces a method by what `wrap` makes of it, for all calls from now on.
 *
 * When other code has wrapped the replacement meanwhile, `Undo` cannot remove it. It stays, without settings, and the next
 * `patchMethod` gives it settings again instead of adding another one.
 *
 * @param settings what the replacement works with; none where it never needs to be off
 */
export function patchMethod<Settings>(owner: object, name: string, wrap: Wrap<Settings>, settings?: Settings): Undo {
  const byName = installed.get(owner) ?? new Map<string, Patch<unknown>>();
  installed.set(owner, byName);
  const known = byName.get(name) as Patch<Settings> | undefined;
  const patch = known?.wrap === wrap ? known : new Patch(owner as Record<string, Method>, name, wrap);
  byName.set(name, patch as Patch<unknown>);
  patch.settings = settings;
  patch.turns++;
  const turn = patch.turns;
  return () => {
    if (patch.turns !== turn) return;
    patch.turns++;
    patch.settings = undefined;
    if (patch.remove() && byName.get(name) === (patch as Patch<unknown>)) byName.delete(name);
  };
}
