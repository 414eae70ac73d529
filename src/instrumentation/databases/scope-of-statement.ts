import { context as contextApi } from '@opentelemetry/api';
import { getScope } from '../../context/context-scope.js';
import type { Scope } from '../../context/scope/scope.js';
import type { EndReason } from '../../errors.js';
import { contextForCall } from '../lost-context/lost-contexts.js';
import type { OutboundTransport } from '../outbound/outbound-call.js';
import { refuseCall } from '../outbound/refuse-call.js';

/** The scope that binds a statement that is about to begin. */
export function scopeOfStatement(driver: OutboundTransport['name']): Scope | undefined {
  return getScope(contextForCall(contextApi.active(), driver));
}

/**
 * Refuses a statement that is about to begin under a scope that has ended, unless it has to be left alone. Returns the
 * reason that it has to fail with.
 *
 * @param isLeftAlone asked when the scope has ended, because it reads the text of the statement
 */
export function refuseStatement(
  scope: Scope | undefined,
  driver: OutboundTransport['name'],
  enforce: boolean,
  isLeftAlone: () => boolean,
): EndReason | undefined {
  if (scope === undefined) return undefined;
  if (enforce && scope.ended() === undefined) return undefined;
  return isLeftAlone() ? undefined : refuseCall(scope, driver, enforce);
}
