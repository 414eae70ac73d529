import type { Context } from '@opentelemetry/api';

/**
 * A `Context` that holds one value over another context. The api's own `setValue` copies a Map and makes three
 * closures; on the path of every request an object with three fields is a third of the price.
 *
 * Other values are set below it, so that the overlays stay few: one for each key that is ever laid over.
 */
class OverlayContext implements Context {
  // Not #private: those cost 15 ns more in each hop.
  constructor(
    private readonly base: Context,
    private readonly key: symbol,
    private readonly value: unknown,
  ) {}

  getValue(key: symbol): unknown {
    return key === this.key ? this.value : this.base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === this.key) return new OverlayContext(this.base, key, value);
    return this.over(this.base.setValue(key, value));
  }

  deleteValue(key: symbol): Context {
    const base = this.base.deleteValue(key);
    return key === this.key ? base : this.over(base);
  }

  private over(base: Context): OverlayContext {
    return new OverlayContext(base, this.key, this.value);
  }

  /** This context with the overlay of `key` replaced, however deep it lies; `undefined` when there is none. */
  replace(key: symbol, value: unknown): OverlayContext | undefined {
    if (key === this.key) return new OverlayContext(this.base, key, value);
    const base = this.base instanceof OverlayContext ? this.base.replace(key, value) : undefined;
    return base && this.over(base);
  }
}

/** `context` with `key` set to `value`: what `context.setValue` returns, cheaper. */
export function overlay(context: Context, key: symbol, value: unknown): Context {
  const replaced = context instanceof OverlayContext ? context.replace(key, value) : undefined;
  return replaced ?? new OverlayContext(context, key, value);
}
