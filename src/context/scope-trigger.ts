import type { Alarm } from '../alarms.js';
import { clearAlarm, setAlarm, UNSET } from '../alarms.js';
import type { Deadline } from './deadline.js';
import type { ScopeObserver, WatchedScope } from './scope-observer.js';

/**
 * What reaches a watched scope from outside: the alarm of its deadline, and the scope above. Both hold this object,
 * which holds the scope weakly unless told otherwise: a scope that nobody completes must not live as long as its
 * deadline is away.
 */
export class ScopeTrigger implements Alarm, ScopeObserver {
  slot = UNSET;
  private held: WatchedScope | undefined;
  private readonly reference: WeakRef<WatchedScope> | undefined;
  private readonly deadline: Deadline | undefined;
  private parent: WatchedScope | undefined;

  /** @param keepAlive whether it holds the scope until it is closed, or until `keepAlive(undefined)` */
  constructor(scope: WatchedScope, keepAlive: boolean) {
    this.deadline = scope.deadline;
    this.parent = scope.parent;
    // Some edge runtimes have no WeakRef: there a scope stays until its deadline.
    const weak = !scope.owned && typeof WeakRef === 'function';
    this.reference = weak ? new WeakRef(scope) : undefined;
    this.held = keepAlive || !weak ? scope : undefined;
  }

  get due(): number {
    return this.deadline?.due ?? Number.POSITIVE_INFINITY;
  }

  open(): void {
    if (this.due !== Number.POSITIVE_INFINITY) setAlarm(this);
    this.follow();
  }

  /** Lets go of everything. Does nothing the second time. */
  close(): void {
    clearAlarm(this);
    const { parent } = this;
    this.parent = undefined;
    this.held = undefined;
    parent?.unobserve(this);
  }

  /** Holds `scope`, its own, from now on; or holds it weakly again. */
  keepAlive(scope: WatchedScope | undefined): void {
    if (this.reference !== undefined) this.held = scope;
  }

  ring(): void {
    this.announce();
  }

  scopeEnded(): void {
    this.announce();
  }

  scopeCompleted(): void {
    this.follow();
  }

  clearIfAbandoned(): void {
    if (this.scope === undefined) this.close();
  }

  private announce(): void {
    const { scope } = this;
    if (scope === undefined) this.close();
    else scope.announce();
  }

  private get scope(): WatchedScope | undefined {
    return this.held ?? this.reference?.deref();
  }

  private follow(): void {
    this.parent = this.parent?.live();
    this.parent?.observe(this);
  }
}
