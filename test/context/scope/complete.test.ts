import { Deadline } from '../../../src/context/deadline.js';
import { Scope } from '../../../src/context/scope/scope.js';
import { observe, signalOf } from '../../../src/context/scope/watch.js';
import { advance, block, useFakeClock } from '../../support/fake-clock.js';
import { RecordingObserver } from './recording-observer.js';

useFakeClock();

const owned = (parent?: Scope, ms?: number) =>
  new Scope(parent, ms === undefined ? undefined : Deadline.after(ms), 'owned');

describe('complete', () => {
  test('makes it inert: it has not ended, and nothing ends it any more', () => {
    const scope = owned(undefined, 100);
    const recorder = new RecordingObserver(scope);
    const signal = signalOf(scope);
    scope.complete();
    scope.complete();
    scope.cancel();
    advance(200);
    expect(recorder).toMatchObject({ endings: [], completions: 1 });
    expect(signal.aborted).toBe(false);
    expect(scope.live()).toBeUndefined();
  });

  test('after it had ended: what was told stays told, and it binds nobody any more', () => {
    const scope = owned(undefined, 100);
    const signal = signalOf(scope);
    advance(100);
    scope.complete();
    expect(signal.aborted).toBe(true);
    expect(scope.live()).toBeUndefined();
  });

  test('leaves its children to the scope above: that one ends them', () => {
    const grandparent = owned();
    const parent = owned(grandparent, 50);
    const child = owned(parent, 1000);
    const recorder = new RecordingObserver(child);
    parent.complete();
    expect([child.remaining(), child.live()]).toEqual([1000, child]);
    advance(100);
    expect(recorder.endings).toEqual([]);
    grandparent.cancel('gone');
    expect(recorder.endings.map(({ reason }) => reason.cause)).toEqual(['gone']);
  });

  test('leaves its children alone when it is cancelled after', () => {
    const parent = owned();
    const child = owned(parent);
    parent.complete();
    parent.cancel();
    expect([child.ended(), child.remaining()]).toEqual([undefined, Number.POSITIVE_INFINITY]);
  });

  test('leaves its children their own deadline', () => {
    const parent = owned(owned(), 50);
    const recorder = new RecordingObserver(owned(parent, 200));
    parent.complete();
    advance(199);
    expect(recorder.endings).toEqual([]);
    advance(1);
    expect(recorder.endings).toHaveLength(1);
  });

  test('of several scopes in a row leaves the child to the first that is live', () => {
    const chain = [owned(undefined, 1000)];
    for (let i = 0; i < 10; i++) chain.push(owned(chain.at(-1)));
    const recorder = new RecordingObserver(chain.at(-1));
    for (const scope of chain.slice(1, -1)) scope.complete();
    advance(1000);
    expect(recorder.endings).toHaveLength(1);
  });

  test('tells a child at once when the scope above had ended and nobody had noticed', () => {
    const grandparent = owned(undefined, 50);
    const parent = owned(grandparent);
    const recorder = new RecordingObserver(owned(parent));
    block(60);
    parent.complete();
    expect(recorder.endings.map(({ reason }) => reason)).toEqual([grandparent.ended()?.reason]);
    advance(60);
  });
});

describe('completeAnswered', () => {
  test('reaches the observers of the scopes below, and completes its own scope alone', () => {
    const request = owned(undefined, 1000);
    const child = owned(request, 100);
    const grandchild = owned(child, 200);
    const recorders = [request, child, grandchild].map((scope) => new RecordingObserver(scope));
    child.complete();
    request.completeAnswered();
    expect(recorders.map(({ answers, completions }) => [answers, completions])).toEqual([
      [1, 1],
      [0, 1],
      [1, 0],
    ]);
    expect([request.live(), grandchild.live()]).toEqual([undefined, grandchild]);
    advance(200);
    expect(recorders.map(({ endings }) => endings.length)).toEqual([0, 0, 1]);
  });

  test('an observer that throws keeps the answer from no other one', () => {
    const request = owned();
    const failing = () => {
      throw new Error('observer');
    };
    observe(request, { scopeEnded: failing, scopeCompleted: failing, requestAnswered: failing });
    const recorder = new RecordingObserver(owned(request));
    request.completeAnswered();
    expect(recorder.answers).toBe(1);
  });

  test('a completed scope tells nobody of a second answer, or of an answer after `complete`', () => {
    const request = owned();
    const recorder = new RecordingObserver(request);
    request.complete();
    request.completeAnswered();
    request.completeAnswered();
    expect(recorder).toMatchObject({ answers: 0, completions: 1 });
  });
});

// The losers of a race that the winner has cancelled, for instance: they must not run on because nobody had asked for
// their signal before.
describe('a child that was live when its parent ended has ended, though the parent completed since', () => {
  const ends = {
    'the parent was cancelled': { ms: undefined, end: (parent: Scope) => parent.cancel('have a winner') },
    'the deadline of the parent passed': { ms: 50, end: () => block(60) },
  };
  const notices = {
    'the child was observed': (child: Scope) => void new RecordingObserver(child),
    'the child has a signal': (child: Scope) => void signalOf(child),
    'nobody looked': () => {},
  };

  for (const [end, { ms, end: endIt }] of Object.entries(ends)) {
    test.each(Object.entries(notices))(`${end}; %s`, (_, notice) => {
      const parent = owned(undefined, ms);
      const child = owned(parent, 1000);
      notice(child);
      endIt(parent);
      const reason = parent.ended()?.reason;
      parent.complete();
      const seen = [child.ended()?.reason, child.remaining()];
      child.complete();
      expect(seen).toEqual([reason, 0]);
    });
  }

  test('its own deadline counts, when that passed before the parent was cancelled', () => {
    const parent = owned();
    const child = owned(parent, 50);
    block(60);
    parent.cancel();
    parent.complete();
    expect(child.ended()).toMatchObject({ instant: 50, reason: { budget: 50 } });
  });

  test('one that is made after the parent completed has not', () => {
    const parent = owned();
    parent.cancel();
    parent.complete();
    expect(owned(parent.live()).ended()).toBeUndefined();
  });
});

// Work that starts its successor before it has settled (`withTimeout(1000, async () => { ...; void next(); })`) would
// make the chain of parents longer with every round: memory, time for each look, and in the end a stack overflow.
test('completed ancestors are let go', () => {
  let scope = owned(undefined, 1000);
  for (let i = 0; i < 20_000; i++) {
    const next = owned(scope.live(), 1000);
    scope.complete();
    scope = next;
  }
  expect([scope.remaining(), scope.ended(), scope.effectiveDeadline()]).toEqual([1000, undefined, scope.deadline]);
});

test('a completed scope keeps no handler in memory: a connection may keep the context of its last request', () => {
  const scope = new Scope(undefined, undefined, 'owned');
  const handler = { awaitSettled: () => false };
  scope.handler = handler;
  scope.complete();
  expect(scope.handler).not.toBe(handler);
});
