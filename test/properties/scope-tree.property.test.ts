import fc from 'fast-check';
import { Deadline } from '../../src/context/deadline.js';
import { Scope } from '../../src/context/scope/scope.js';
import { signalOf } from '../../src/context/scope/watch.js';
import { DeadlineExceededError, type EndReason } from '../../src/errors.js';
import { pendingAlarms } from '../../src/time/alarms.js';
import { advance, useFakeClock } from '../support/fake-clock.js';
import { type ModelEnding, type ModelNode, ScopeModel } from './scope-model.js';

useFakeClock();

const at = fc.nat({ max: 30 });
/** Half a millisecond off, so that no deadline passes at the very instant at which something else is done. */
const budget = fc.nat({ max: 100 }).map((ms) => ms + 0.5);
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('timeout' as const), at, ms: budget, owned: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('withCancel' as const), at }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('cancel' as const), at }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('complete' as const), at }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('pass' as const), ms: fc.nat({ max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('look' as const), at }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('signal' as const), at }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

interface Pair {
  readonly scope: Scope;
  readonly node: ModelNode;
  readonly ms: number | undefined;
  signal: AbortSignal | undefined;
  aborts: number;
}

/** A tree of scopes beside its model, on which the same is done. */
class Trees {
  private readonly model = new ScopeModel();
  private readonly pairs: Pair[] = [];
  private readonly reasons = new Map<ModelEnding, EndReason>();

  constructor(private readonly signals: 'from the start' | 'when asked for') {}

  apply(operation: Operation): void {
    if (operation.op === 'pass') {
      advance(operation.ms);
      this.model.pass(operation.ms);
      return;
    }
    const pair = this.pairs[operation.at % this.pairs.length];
    if (operation.op === 'timeout') this.add(pair, operation.ms, operation.owned ? 'owned' : 'free');
    else if (operation.op === 'withCancel') this.add(pair, undefined, 'owned');
    else if (pair !== undefined) this.change(pair, operation.op);
  }

  /** Compares every signal, and what each scope that is live says. */
  compare(): void {
    expect(this.pairs.map((pair) => this.seen(pair))).toEqual(this.pairs.map((pair) => this.expected(pair)));
  }

  private seen(pair: Pair): unknown[] {
    const { scope, node, signal, aborts } = pair;
    const abort = signal && [signal.aborted, aborts];
    if (node.completed) return [abort];
    const reason = scope.ended()?.reason;
    return [abort, scope.remaining(), reason && this.describe(reason), this.isTheOne(reason, pair)];
  }

  private expected({ node, signal }: Pair): unknown[] {
    const { ending } = node;
    const abort = signal && [ending !== undefined, ending === undefined ? 0 : 1];
    if (node.completed) return [abort];
    const reason =
      ending && (ending.how === 'cancelled' ? `cancel ${ending.by.id}` : `budget ${this.pairs[ending.by.id]?.ms}`);
    return [abort, this.model.remaining(node), reason, true];
  }

  /** Ends what nobody completes, completes the rest: nothing may be left. */
  finish(): void {
    for (const { scope } of this.pairs) scope.owned ? scope.complete() : scope.cancel();
    expect([pendingAlarms(), jest.getTimerCount()]).toEqual([0, 0]);
  }

  private add(parent: Pair | undefined, ms: number | undefined, lifecycle: 'free' | 'owned'): void {
    const deadline = ms === undefined ? undefined : Deadline.after(ms);
    const scope = new Scope(parent?.scope.live(), deadline, lifecycle);
    const pair: Pair = { scope, node: this.model.add(parent?.node, ms), ms, signal: undefined, aborts: 0 };
    this.pairs.push(pair);
    if (this.signals === 'from the start') this.change(pair, 'signal');
  }

  private change(pair: Pair, op: 'cancel' | 'complete' | 'look' | 'signal'): void {
    const { scope, node } = pair;
    if (op === 'complete') {
      scope.complete();
      this.model.complete(node);
    } else if (op === 'cancel') {
      scope.cancel(node.id);
      this.model.cancel(node);
    } else if (op === 'look') {
      scope.live()?.ended();
    } else if (!node.completed && pair.signal === undefined) {
      pair.signal = signalOf(scope);
      if (pair.signal.aborted) pair.aborts++;
      pair.signal.addEventListener('abort', () => pair.aborts++);
    }
  }

  private describe(reason: EndReason): string {
    return reason instanceof DeadlineExceededError ? `budget ${reason.budget}` : `cancel ${reason.cause}`;
  }

  /** Whether the reason is the same object for everybody whom an ending has reached, the scope's signal included. */
  private isTheOne(reason: EndReason | undefined, { node, signal }: Pair): boolean {
    if (reason === undefined || node.ending === undefined) return true;
    const first = this.reasons.get(node.ending) ?? reason;
    this.reasons.set(node.ending, first);
    return first === reason && (signal === undefined || signal.reason === reason);
  }
}

/** Does all of it to a tree and its model, comparing them after each step or at the end only. */
function check(signals: 'from the start' | 'when asked for', compare: 'after each step' | 'at the end') {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 2, maxLength: 40 }), (operations) => {
      const trees = new Trees(signals);
      for (const operation of operations) {
        trees.apply(operation);
        if (compare === 'after each step') trees.compare();
      }
      trees.compare();
      trees.finish();
    }),
    { numRuns: compare === 'at the end' ? 1500 : 300 },
  );
}

test('a tree of scopes whose signals are out follows the rules, after each step', () => {
  check('from the start', 'after each step');
});

test('so does one at which nobody looks between', () => {
  check('from the start', 'at the end');
});

test('so does one at which everybody looks all the time', () => {
  check('when asked for', 'after each step');
});

test('so does one that is left alone but for a look or a signal now and then', () => {
  check('when asked for', 'at the end');
});
