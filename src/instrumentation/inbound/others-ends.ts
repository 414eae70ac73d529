import { diag } from '@opentelemetry/api';
import { type Origin, observeRequests } from '../../context/scope/origin.js';
import type { EndReason } from '../../errors.js';
import { record } from '../../events.js';
import { requestOfCode } from '../lost-context/lost-contexts.js';

/** How many calls are named in the log. A path may hold an id. */
const MAX_TARGETS = 100;

/** Counts each request that fails because another one has ended, and names the call that the two have shared in the log. */
export function reportOthersEnds(): () => void {
  return observeRequests({ find: requestOfCode, failed });
}

/** The requests that have failed with an error, by error. */
const failures = new WeakMap<EndReason, WeakSet<Origin>>();

/** The targets of calls that the log names already. */
const reported = new Set<string>();

function failed(error: EndReason, request: Origin): void {
  const requests = failures.get(error) ?? new WeakSet();
  if (requests.has(request)) return;
  failures.set(error, requests.add(request));
  record({ type: 'foreign' });
  warn(error.target);
}

function warn(target = ''): void {
  if (reported.has(target) || reported.size >= MAX_TARGETS) return;
  reported.add(target);
  diag.warn(
    `opentelemetry-propagator-deadline: a request failed because ${target === '' ? 'work' : `the call ${target}`} ` +
      'that it shared has ended with the request that began it. Its status is 500. Share such work by shared(), begin ' +
      'it in detach(), or name the target of the call in the option client.shared',
  );
}
