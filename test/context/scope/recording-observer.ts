import type { Ending, ScopeObserver } from '../../../src/context/scope/observer.js';
import type { Scope } from '../../../src/context/scope/scope.js';
import { observe } from '../../../src/context/scope/watch.js';

/** Remembers what happened to the scope that it observes. */
export class RecordingObserver implements ScopeObserver {
  readonly endings: Ending[] = [];
  completions = 0;
  answers = 0;

  constructor(scope?: Scope) {
    if (scope !== undefined) observe(scope, this);
  }

  scopeEnded(ending: Ending): void {
    this.endings.push(ending);
  }

  scopeCompleted(): void {
    this.completions++;
  }

  requestAnswered(): void {
    this.answers++;
  }
}
