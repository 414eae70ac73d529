import { type EndReason, isEndReason } from '../../errors.js';

/** How many calls are remembered for one reason. */
const MAX = 3;

/** The calls that have failed with a reason itself, as those of `fetch` do: an error has one target. */
const targets = new WeakMap<EndReason, string[]>();

/** A call to `target` fails with `reason`, which other calls fail with as well. */
export function rememberTarget(reason: EndReason, target: string): void {
  const known = targets.get(reason) ?? [];
  if (!known.includes(target) && known.length < MAX) targets.set(reason, [...known, target]);
}

/** What has ended with `error`: the calls that it can have been, and words for a log. */
export function failedWork(error: unknown): { readonly calls: string; readonly words: string } {
  const own = isEndReason(error) ? error.target : undefined;
  if (own === undefined) return { calls: '', words: 'work' };
  const several = targets.get(error as EndReason);
  if (several === undefined) return { calls: own, words: `the call ${own}` };
  const calls = several.join(' or ');
  // Work that is no call may have failed with the same reason.
  return { calls, words: `work (perhaps the call ${calls})` };
}
