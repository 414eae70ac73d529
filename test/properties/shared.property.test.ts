import fc from 'fast-check';
import { shared } from '../../src/context/shared/shared.js';
import { CallCancelledError, DeadlineExceededError } from '../../src/errors.js';
import { pendingAlarms } from '../../src/time/alarms.js';
import { reasonIn } from '../context/scope/signal-and-reason.js';
import { Call, Caller, turn, Work } from '../context/shared-calls.js';
import { advance, useFakeClock } from '../support/fake-clock.js';
import { type ModelCall, type ModelRun, SharedModel } from './shared-model.js';

useFakeClock();

/** Time passes in steps of so many ms, more than twice the number of calls. */
const STEP = 64;

const at = fc.nat({ max: 30 });
const operation = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('ask' as const),
      key: fc.nat({ max: 2 }),
      /** In steps. */
      ms: fc.option(fc.nat({ max: 60 }), { nil: undefined }),
      budget: fc.nat({ max: 100 }),
      /** The call is made in the context of a run, or of an earlier caller, if there is one. */
      under: fc.option(fc.record({ kind: fc.constantFrom('run' as const, 'caller' as const), at }), { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('cancel' as const), at }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('complete' as const), at }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('resolve' as const, 'reject' as const), at }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('pass' as const), steps: fc.nat({ max: 40 }) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

interface Asked {
  readonly call: Call;
  readonly caller: Caller;
  readonly modelled: ModelCall;
  /** What the call has got. Kept when it is first seen: the scope may complete later, and has no reason then. */
  got?: string;
}

/** Calls and runs, beside a model on which the same is done. */
class Calls {
  private readonly model = new SharedModel();
  private readonly work = new Work();
  private readonly calls: Asked[] = [];
  private readonly keys: object[] = [0, 1, 2].map((id) => [this.model, id]);
  /** The model's runs, in the order in which they began: as those of `work`. */
  private readonly runs: ModelRun[] = [];

  async apply(operation: Operation): Promise<void> {
    if (operation.op === 'ask') this.ask(operation);
    else if (operation.op === 'pass') {
      advance(operation.steps * STEP);
      this.model.pass(operation.steps * STEP);
    } else if (operation.op === 'cancel' || operation.op === 'complete') {
      const call = this.calls[operation.at % this.calls.length];
      call?.caller.scope[operation.op]();
      if (call) this.model[operation.op](call.modelled);
    } else this.settle(operation.at % this.runs.length, operation.op);
    await turn();
  }

  private ask({ key, ms, budget, under }: Operation & { op: 'ask' }): void {
    // No two of them pass in one millisecond, and none when something else is done.
    const id = this.calls.length + 1;
    const deadline = ms === undefined ? undefined : ms * STEP + id;
    const limit = budget * STEP + STEP / 2 + id;
    const earlier = this.calls[(under?.at ?? 0) % this.calls.length];
    const run = (under?.at ?? 0) % this.runs.length;
    const inRun = under?.kind === 'run' ? this.runs[run] : undefined;
    const outer = inRun ? this.work.runs[run]?.context : under && earlier?.caller.parent;
    const caller = new Caller(deadline, outer);
    const modelled = this.model.ask(key, limit, deadline, inRun ?? (under && earlier?.modelled));
    const call = new Call(this.keys[key] as object, this.work.fn, { parent: caller.parent, budget: limit });
    this.calls.push({ call, caller, modelled });
    if (modelled.begins) this.runs.push(modelled.begins);
  }

  private settle(at: number, how: 'resolve' | 'reject'): void {
    const run = this.runs[at];
    if (run === undefined) return;
    this.work.runs[at]?.[how](`${how} ${run.id}`);
    this.model.settle(run, `${how} ${run.id}`);
  }

  /** Compares when runs began, how their scopes are, and what the calls have got. */
  compare(): void {
    expect(this.work.runs).toHaveLength(this.runs.length);
    expect(this.work.runs.map(({ context }) => kindOf(reasonIn(context)))).toEqual(this.runs.map(({ state }) => state));
    expect(this.calls.map(got)).toEqual(this.calls.map(({ modelled }) => modelled.outcome));
  }

  /** Ends all runs: no alarm, observer or key may be left. */
  async finish(): Promise<void> {
    for (const at of this.runs.keys()) this.settle(at, 'resolve');
    await turn();
    this.compare();
    expect(pendingAlarms()).toBe(0);
    for (const { caller } of this.calls)
      if (reasonIn(caller.parent) === undefined) expect(caller.scope.watch).toBeUndefined();
    for (const key of this.keys) expect(await shared(key, () => 'free')).toBe('free');
  }
}

function got(asked: Asked): string {
  const { outcome } = asked.call;
  if (outcome === 'pending') return outcome;
  asked.got ??= describeOutcome(outcome as { value?: unknown; error?: unknown }, reasonIn(asked.caller.parent));
  return asked.got;
}

function describeOutcome({ value, error = value }: { value?: unknown; error?: unknown }, reason: unknown): string {
  if (error === reason) return 'own reason';
  const isBudget = error instanceof DeadlineExceededError && error.message.includes('budget of shared work');
  return isBudget ? 'budget' : error instanceof Error ? error.message : String(error);
}

function kindOf(reason: unknown): string {
  if (reason === undefined) return 'not ended';
  if (reason instanceof CallCancelledError) return 'cancelled';
  return reason instanceof DeadlineExceededError ? 'exceeded' : String(reason);
}

/** What a failed run has left must not fail the smaller one that is tried next. */
function clearAlarms(): void {
  while (pendingAlarms() > 0) jest.runOnlyPendingTimers();
}

test('calls, leaves, deadlines, budgets, results and errors in any order', async () => {
  const property = fc.asyncProperty(fc.array(operation, { minLength: 2, maxLength: 30 }), async (operations) => {
    const calls = new Calls();
    for (const operation of operations) {
      await calls.apply(operation);
      calls.compare();
    }
    await calls.finish();
  });
  await fc.assert(property.afterEach(clearAlarms), { numRuns: 400 });
});
