import { ROOT_CONTEXT } from '@opentelemetry/api';
import type { Method, Patched } from '../hooks/patch-method.js';
import { extract } from '../hooks/safe-propagation.js';
import type { InboundRequest, InboundResponse } from '../options.js';
import type { Settings } from '../settings.js';
import { answerOf } from './handlers/swallow-writes.js';
import { HttpServedRequest } from './served-request.js';

/**
 * Asks for no body ('100 Continue') when the time of a request was up on its arrival: the answer is 504 whatever the body
 * holds. Node calls `writeContinue` before it emits 'request', where the application does not listen to 'checkContinue'.
 */
export function wrapWriteContinue(original: Method, patched: Patched<Settings>): Method {
  return function writeContinue(this: InboundResponse, ...args: unknown[]): unknown {
    const { settings } = patched;
    if (answerOf(this) !== undefined) return undefined;
    if (settings?.enforce && isLate(this.req, settings)) return undefined;
    return original.apply(this, args);
  };
}

function isLate(request: InboundRequest, settings: Settings): boolean {
  const served = HttpServedRequest.of(request, settings);
  // An application that was given the request decides itself.
  if (served.stage !== 'arrived') return false;
  // Opens the scope, where the request carries a budget.
  extract(ROOT_CONTEXT, request.headers);
  return served.scope?.ended() !== undefined;
}
