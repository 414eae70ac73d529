import type { Context } from '@opentelemetry/api';

/** How many overlays may lie on top of each other. A request has three or four: span, scope, baggage. */
const MAX_OVERLAYS = 8;

/**
 * A `Context` that adds one value to another context. `setValue` of the OpenTelemetry API copies a Map and makes three
 * closures. An object with three fields costs a third of that, on the path of every request. Values that other code
 * sets, such as a span, get an overlay as well: one for each key.
 */
class OverlayContext implements Context {
  // Not #private: #fields cost 15 ns more for each request.
  constructor(
    private readonly base: Context,
    private readonly key: symbol,
    private readonly value: unknown,
  ) {}

  getValue(key: symbol): unknown {
    return key === this.key ? this.value : this.base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.replace(key, value, MAX_OVERLAYS) ?? new OverlayContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    const base = this.base.deleteValue(key);
    return key === this.key ? base : this.over(base);
  }

  private over(base: Context): OverlayContext {
    return new OverlayContext(base, this.key, this.value);
  }

  /**
   * Sets `key` without another overlay on top: in the overlay that `key` has already, or in the context below all
   * overlays when there are as many as there may be.
   *
   * @param room how many overlays there may be from this one downwards
   * @returns `undefined` when `key` has no overlay and there is room for one
   */
  private replace(key: symbol, value: unknown, room: number): Context | undefined {
    if (key === this.key) return new OverlayContext(this.base, key, value);
    let below: Context | undefined;
    if (this.base instanceof OverlayContext) below = this.base.replace(key, value, room - 1);
    else if (room < 2) below = this.base.setValue(key, value);
    return below && this.over(below);
  }
}

/** The same as `context.setValue(key, value)`, at a lower cost. */
export function overlay(context: Context, key: symbol, value: unknown): Context {
  return context instanceof OverlayContext ? context.setValue(key, value) : new OverlayContext(context, key, value);
}
