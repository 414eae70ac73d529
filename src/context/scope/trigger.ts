import { type Alarm, clearAlarm, setAlarm, UNSET } from '../../time/alarms.js';
import { NEVER } from '../../time/clock.js';
import type { Deadline } from '../deadline.js';
import type { ScopeObserver, Watch } from './observer.js';
import type { Scope } from './scope.js';

/**
 * Announces the end of a watched scope when its deadline passes or the scope above ends. The list of alarms and the
 * scope above keep this object alive. This object holds a `free` scope weakly, unless {@link keepAlive} is called: such
 * a scope is never completed, and must not stay in memory until its deadline.
 */
export class ScopeTrigger implements Alarm, ScopeObserver {
  slot = UNSET;
  /** The scope above that is observed. */
  parent: Scope | undefined = undefined;
  #held: Scope | undefined;
  readonly #reference: WeakRef<Scope> | undefined;
  readonly #deadline: Deadline | undefined;

  /** @param keepAlive whether the trigger keeps the scope alive from the start */
  constructor(scope: Scope, keepAlive: boolean) {
    this.#deadline = scope.deadline;
    // Some edge runtimes have no WeakRef: a scope stays in memory until its deadline there.
    const weak = !scope.owned && typeof WeakRef === 'function';
    this.#reference = weak ? new WeakRef(scope) : undefined;
    this.#held = keepAlive || !weak ? scope : undefined;
    if (this.due !== NEVER) setAlarm(this);
  }

  get due(): number {
    return this.#deadline?.due ?? NEVER;
  }

  /** Clears the alarm and stops observing the scope above. Does nothing the second time. */
  close(): void {
    const { parent } = this;
    this.parent = undefined;
    this.#held = undefined;
    clearAlarm(this);
    parent?.watch?.unobserve(this);
  }

  /** Keeps the scope alive from now on; with `undefined`, holds a `free` scope weakly again. */
  keepAlive(scope: Scope | undefined): void {
    if (this.#reference !== undefined) this.#held = scope;
  }

  ring(): void {
    this.scopeEnded();
  }

  scopeEnded(): void {
    this.#watch()?.announce();
  }

  observeCancel(): void {
    this.#watch()?.observeCancel();
  }

  scopeCompleted(): void {
    this.#watch()?.follow();
  }

  requestAnswered(): void {
    this.#watch()?.requestAnswered();
  }

  clearIfUnreachable(): void {
    if (this.#scope === undefined) this.close();
  }

  #watch(): Watch | undefined {
    this.clearIfUnreachable();
    return this.#scope?.watch;
  }

  get #scope(): Scope | undefined {
    return this.#held ?? this.#reference?.deref();
  }
}
