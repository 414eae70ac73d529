import { nextTick } from 'node:process';
import { CHECKOUT, HELD, STATEMENT } from '../../../private-keys.js';
import type { Method, Patched } from '../../hooks/patch-method.js';
import { callError } from '../../outbound/call-error.js';
import type { Settings } from '../../settings.js';
import { inCallersContext } from '../callers-context.js';
import { refuseStatement, scopeOfStatement } from '../scope-of-statement.js';
import { type Callback, newestQuery, type PgClient, type PgQuery, stopped, watchTransaction } from './internals.js';
import { isLeftAlone, textOf } from './left-alone.js';
import { takeHanding } from './pool-query.js';
import { PgStatement, targetOf } from './statement.js';

type Submittable = PgQuery & { submit: unknown };
type Arguments = [config?: unknown, values?: unknown, callback?: unknown];

/** Binds each statement of a client to the scope that it is run under, and refuses it when that scope has ended. */
export function wrapQuery(original: Method, patched: Patched<Settings>): Method {
  return function query(this: PgClient, ...args: Arguments) {
    const { settings } = patched;
    if (settings === undefined || isForeign(this, args[0])) return original.apply(this, args);
    const text = textOf(args[0]);
    this[CHECKOUT]?.sent(text);
    watchTransaction(this);
    const ofPool = takeHanding(this);
    // The pool has found the scope where the application called it; the scope may have completed since.
    const scope = ofPool ? ofPool.scope?.live() : scopeOfStatement('pg');
    const reason = refuseStatement(scope, 'pg', settings.enforce, () => isLeftAlone(text));
    if (reason !== undefined) return refuse(this, callError(reason, targetOf(this)), args);
    const calledBack = !ofPool && callbackIn(args) !== undefined;
    if (scope === undefined && !calledBack) return original.apply(this, args);
    const before = newestQuery(this);
    const result = original.apply(this, args);
    const made = newestQuery(this);
    // A client that is closed or broken has made none.
    if (!made || made === before) return result;
    if (calledBack && made.callback) made.callback = inCallersContext(made.callback);
    if (scope === undefined) return result;
    const statement = new PgStatement(this, made, settings.databases.pg, settings.enforce);
    made[STATEMENT] = statement;
    statement.bind(scope);
    return result;
  };
}

/** Lets a connection take its next statement only when no cancel can hit it any more. */
export function wrapPulse(original: Method): Method {
  return function _pulseQueryQueue(this: PgClient, ...args: unknown[]) {
    return this[HELD] === undefined ? original.apply(this, args) : undefined;
  };
}

/** Releases a query when it is over: for `handleError` and for `handleReadyForQuery`. */
export function wrapEnd(original: Method): Method {
  return function end(this: PgQuery, ...args: unknown[]) {
    this[STATEMENT]?.over();
    return original.apply(this, args);
  };
}

/** What is left alone: replication, and what is no `Query`: a cursor, a stream, a copy. */
function isForeign(client: PgClient, config: unknown): boolean {
  if (client.replication || config === null || config === undefined) return true;
  const { Query } = client.constructor as unknown as { Query: new () => PgQuery };
  return isSubmittable(config) && !(config instanceof Query);
}

function isSubmittable(config: unknown): config is Submittable {
  return typeof (config as Submittable).submit === 'function';
}

/** The callback that the application has given, in one of three places. */
function callbackIn([config, values, callback]: Arguments): Callback | undefined {
  if (typeof values === 'function') return values as Callback;
  if (typeof callback === 'function') return callback as Callback;
  const own = (config as { callback?: unknown }).callback;
  return typeof own === 'function' ? (own as Callback) : undefined;
}

/** Fails a query as pg does. */
function refuse(client: PgClient, error: Error, args: Arguments): unknown {
  stopped(client);
  const [config] = args;
  const callback = callbackIn(args);
  if (isSubmittable(config)) {
    if (callback) config.callback ??= callback;
    nextTick(() => config.handleError(error, client.connection));
    return config;
  }
  if (callback === undefined) return client._Promise.reject(error);
  nextTick(callback, error);
  return undefined;
}
