import { nextTick } from 'node:process';
import type { Scope } from '../../../context/scope/scope.js';
import { CHECKOUT } from '../../../private-keys.js';
import type { Method, Patched } from '../../hooks/patch-method.js';
import { callError } from '../../outbound/call-error.js';
import type { Settings } from '../../settings.js';
import { inCallersContext } from '../callers-context.js';
import { Checkout, errorOfRelease } from '../checkout.js';
import { refuseStatement, scopeOfStatement } from '../scope-of-statement.js';
import { type Callback, isIdle, type PgClient, type PgPool, watchTransaction } from './internals.js';
import { isLeftAlone, textOf } from './left-alone.js';
import { handToPool, takeStatementOfPool } from './pool-query.js';
import { PgSessionChanges } from './session-changes.js';
import { WaitForClient } from './wait-for-client.js';

type Connected = (error: unknown, client?: PgClient, release?: (error?: unknown) => void) => void;

/** Binds the wait for a client to the scope of whoever waits, and refuses it when that scope has ended. */
export function wrapConnect(original: Method, patched: Patched<Settings>): Method {
  return function connect(this: PgPool, callback?: Connected) {
    const { settings } = patched;
    if (settings === undefined) return original.call(this, callback);
    if (callback !== undefined) return checkOut(this, original, settings, callback);
    return new this.Promise((resolve, reject) => {
      checkOut(this, original, settings, (error, client) => (error ? reject(error) : resolve(client)));
    });
  };
}

function checkOut(pool: PgPool, original: Method, settings: Settings, callback: Connected): unknown {
  const statement = takeStatementOfPool();
  const scope = scopeOfStatement('pg');
  const leftAlone = () => statement !== undefined && isLeftAlone(textOf(statement.query));
  const reason = refuseStatement(scope, 'pg', settings.enforce, leftAlone);
  if (reason !== undefined) return void nextTick(callback, callError(reason, 'pg pool'), undefined, () => {});
  const tell = inCallersContext(statement === undefined ? forApplication(callback) : forPool(callback, scope));
  // There is a client for each of those who wait, and so for this one at once.
  if (scope === undefined || pool._idle.length > pool._pendingQueue.length) return original.call(pool, tell);
  return new WaitForClient(pool, tell as Callback, leftAlone, settings.enforce).begin(scope, original);
}

function forApplication(callback: Connected): Connected {
  return (error, client, release) => {
    if (client) {
      watchTransaction(client);
      client[CHECKOUT] = new Checkout(() => new PgSessionChanges());
    }
    callback(error, client, release);
  };
}

function forPool(callback: Connected, scope: Scope | undefined): Connected {
  return (error, client, release) => handToPool(client, scope, () => callback(error, client, release));
}

/** Keeps a good connection of a statement that was stopped, and closes one whose session is not clean. */
export function wrapRelease(original: Method): Method {
  return function _release(this: PgPool, client: PgClient, idleListener: unknown, error: unknown) {
    const checkout = client[CHECKOUT];
    if (checkout !== undefined) client[CHECKOUT] = undefined;
    return original.call(
      this,
      client,
      idleListener,
      errorOfRelease(checkout, error, () => isIdle(client)),
    );
  };
}
