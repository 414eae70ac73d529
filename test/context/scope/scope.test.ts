import { Deadline } from '../../../src/context/deadline.js';
import { Scope } from '../../../src/context/scope/scope.js';
import { observe, unobserve } from '../../../src/context/scope/watch.js';
import { CallCancelledError, DeadlineExceededError } from '../../../src/errors.js';
import { advance, block, useFakeClock } from '../../support/fake-clock.js';
import { RecordingObserver } from './recording-observer.js';

useFakeClock();

const after = (ms: number) => Deadline.after(ms);
const owned = (parent?: Scope, ms?: number) => new Scope(parent, ms === undefined ? undefined : after(ms), 'owned');

/** A parent with three children, each with two of its own, and what each is told. */
function family(ms?: number) {
  const root = owned(undefined, ms);
  const children = Array.from({ length: 3 }, () => owned(root));
  const grandchildren = children.flatMap((child) => [owned(child), owned(child, 10_000)]);
  const scopes = [...children, ...grandchildren];
  return { root, children, scopes, recorders: scopes.map((scope) => new RecordingObserver(scope)) };
}

describe('what ends a scope reaches every live descendant once, with the same reason', () => {
  test('cancel', () => {
    const { root, recorders, scopes } = family();
    const cause = new Error('hung up');
    root.cancel(cause);
    root.cancel(new Error('again'));
    advance(20_000);
    const reason = root.ended()?.reason;
    expect(reason).toBeInstanceOf(CallCancelledError);
    expect(reason?.cause).toBe(cause);
    for (const { endings } of recorders) expect(endings).toEqual([{ reason, instant: 0 }]);
    for (const scope of scopes) expect(scope.ended()?.reason).toBe(reason);
  });

  test('the deadline', () => {
    const { root, recorders, scopes } = family(100);
    advance(99);
    for (const { endings } of recorders) expect(endings).toEqual([]);
    advance(20_000);
    const reason = root.ended()?.reason;
    expect(reason).toBeInstanceOf(DeadlineExceededError);
    for (const { endings } of recorders) expect(endings).toEqual([{ reason, instant: 100 }]);
    for (const scope of scopes) expect(scope.ended()?.reason).toBe(reason);
  });

  test('a cause that says already how a scope ended is the reason itself', () => {
    const reason = new DeadlineExceededError({ budget: 5, inherited: true, spent: 6 });
    const scope = owned();
    scope.cancel(reason);
    expect(scope.ended()?.reason).toBe(reason);
  });

  test('a sibling and the parent are not reached', () => {
    const { root, children, recorders } = family();
    const [first] = children as [Scope];
    first.cancel();
    expect(recorders.map(({ endings }) => endings.length)).toEqual([1, 0, 0, 1, 1, 0, 0, 0, 0]);
    expect(root.ended()).toBeUndefined();
    root.complete();
    for (const child of children) child.complete();
    advance(10_000);
  });

  test('a descendant that completes while the others are told is not told', () => {
    const root = owned();
    const second = owned(root);
    const recorder = new RecordingObserver();
    observe(root, { scopeEnded: () => second.complete(), scopeCompleted: () => {}, requestAnswered: () => {} });
    observe(second, recorder);
    root.cancel();
    expect(recorder).toMatchObject({ endings: [], completions: 1 });
  });

  test('who observes a scope that has ended is told at once', () => {
    const scope = owned(owned(undefined, 0));
    expect(new RecordingObserver(scope).endings).toHaveLength(1);
  });

  test('who no longer observes is not told', () => {
    const scope = owned(undefined, 10);
    const recorder = new RecordingObserver(scope);
    unobserve(scope, recorder);
    expect(jest.getTimerCount()).toBe(0);
    advance(10);
    expect(recorder.endings).toEqual([]);
  });
});

describe('what happened first counts, whoever notices it, whenever', () => {
  type Step = (scopes: { parent: Scope; child: Scope }) => void;
  const pass =
    (ms: number): Step =>
    () =>
      block(ms);
  const cancelParent: Step = ({ parent }) => parent.cancel('parent');
  const cancelChild: Step = ({ child }) => child.cancel('child');
  const lookAtParent: Step = ({ parent }) => void parent.ended();
  const lookAtChild: Step = ({ child }) => void child.ended();

  test.each<[string, number | undefined, number | undefined, Step[], string]>([
    ['both deadlines passed, the child first', 100, 50, [pass(200)], 'budget 50'],
    [
      'both deadlines passed, the child first; the parent was looked at',
      100,
      50,
      [pass(200), lookAtParent],
      'budget 50',
    ],
    ['both deadlines passed, the parent first', 50, 100, [pass(200)], 'budget 50'],
    ['both at the same instant: the parent', 50, 50, [pass(200)], 'parent'],
    [
      'the parent was cancelled before the child was due',
      undefined,
      50,
      [pass(40), cancelParent, pass(20)],
      'cancelled: parent',
    ],
    [
      'the child was due before the parent was cancelled',
      undefined,
      50,
      [pass(60), cancelParent, pass(20)],
      'budget 50',
    ],
    ['cancelled before its deadline', undefined, 50, [pass(40), cancelChild, pass(20)], 'cancelled: child'],
    ['cancelled after its deadline', undefined, 50, [pass(60), cancelChild], 'budget 50'],
    ['cancelled after the deadline of the parent', 50, undefined, [pass(60), cancelChild], 'budget 50'],
    ['the child was cancelled, then the parent', undefined, undefined, [cancelChild, cancelParent], 'cancelled: child'],
    [
      'the parent was cancelled, then the child',
      undefined,
      undefined,
      [cancelParent, cancelChild],
      'cancelled: parent',
    ],
    ['looked at before and after', 100, 50, [lookAtChild, pass(60), lookAtChild, pass(60), cancelParent], 'budget 50'],
  ])('%s', (_, parentMs, childMs, steps, expected) => {
    const parent = owned(undefined, parentMs);
    const child = owned(parent, childMs);
    for (const step of steps) step({ parent, child });
    const reason = child.ended()?.reason;
    const told =
      reason instanceof DeadlineExceededError
        ? `budget ${reason.budget}`
        : `cancelled: ${reason && String(reason.cause)}`;
    if (expected === 'parent') expect(reason).toBe(parent.ended()?.reason);
    else expect(told).toBe(expected);
    expect(child.remaining()).toBe(0);
    block(1000);
    expect(child.ended()?.reason).toBe(reason);
  });
});
