import { type Alarm, clearAlarm, setAlarm, UNSET } from '../../time/alarms.js';
import { NEVER } from '../../time/clock.js';
import type { Deadline } from '../deadline.js';
import type { ScopeObserver } from './observer.js';
import type { Scope } from './scope.js';

/**
 * What reaches a watched scope from outside: the alarm of its deadline, and the scope above. Both hold this object,
 * which holds the scope weakly unless told otherwise: a scope that nobody completes must not live as long as its
 * deadline is away.
 */
export class ScopeTrigger implements Alarm, ScopeObserver {
  slot = UNSET;
  /** The scope above that is observed. */
  parent: Scope | undefined = undefined;
  #held: Scope | undefined;
  readonly #reference: WeakRef<Scope> | undefined;
  readonly #deadline: Deadline | undefined;

  /** @param keepAlive whether it holds the scope */
  constructor(scope: Scope, keepAlive: boolean) {
    this.#deadline = scope.deadline;
    // Some edge runtimes have no WeakRef: there a scope stays until its deadline.
    const weak = !scope.owned && typeof WeakRef === 'function';
    this.#reference = weak ? new WeakRef(scope) : undefined;
    this.#held = keepAlive || !weak ? scope : undefined;
    if (this.due !== NEVER) setAlarm(this);
  }

  get due(): number {
    return this.#deadline?.due ?? NEVER;
  }

  /** Lets go of everything. Does nothing the second time. */
  close(): void {
    const { parent } = this;
    this.parent = undefined;
    this.#held = undefined;
    clearAlarm(this);
    parent?.watch?.unobserve(this);
  }

  /** Holds `scope`, its own, from now on; or holds it weakly again. */
  keepAlive(scope: Scope | undefined): void {
    if (this.#reference !== undefined) this.#held = scope;
  }

  ring(): void {
    this.scopeEnded();
  }

  scopeEnded(): void {
    if (!this.clearIfAbandoned()) this.#scope?.watch?.announce();
  }

  scopeCompleted(): void {
    if (!this.clearIfAbandoned()) this.#scope?.watch?.follow();
  }

  requestAnswered(): void {
    this.#scope?.watch?.requestAnswered();
  }

  clearIfAbandoned(): boolean {
    if (this.#scope !== undefined) return false;
    this.close();
    return true;
  }

  get #scope(): Scope | undefined {
    return this.#held ?? this.#reference?.deref();
  }
}
