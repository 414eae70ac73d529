import { CallCancelledError, type EndReason } from '../../../src/errors.js';
import { callError } from '../../../src/instrumentation/outbound/call-error.js';
import { failedWork } from '../../../src/instrumentation/outbound/failed-targets.js';
import { withTarget } from '../../../src/instrumentation/undici/handler-failure.js';

/** A reason with which calls of `fetch` fail. */
function reasonOf(...targets: string[]): EndReason {
  const reason = new CallCancelledError();
  for (const target of targets) withTarget(reason, target);
  return reason;
}

test.each<[string, unknown, string]>([
  ['of a call', callError(new CallCancelledError(), 'GET http://a/1'), 'the call GET http://a/1'],
  // Other work may have failed with the same reason.
  ['of a call of fetch', reasonOf('GET http://a/1'), 'work (perhaps the call GET http://a/1)'],
  [
    'of several',
    reasonOf('GET http://a/1', 'GET http://a/2', 'GET http://a/1'),
    'work (perhaps the call GET http://a/1 or GET http://a/2)',
  ],
  [
    'of more than three',
    reasonOf('GET a', 'GET b', 'GET c', 'GET d'),
    'work (perhaps the call GET a or GET b or GET c)',
  ],
  ['of no call', new CallCancelledError(), 'work'],
  ['of a library that keeps the code alone', Object.assign(new Error(), { target: 'secret' }), 'work'],
])('an error %s', (_, error, words) => {
  expect(failedWork(error).words).toBe(words);
});
