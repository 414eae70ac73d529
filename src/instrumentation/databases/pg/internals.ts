import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { CHECKOUT, type HELD, type STATEMENT, TRANSACTION } from '../../../private-keys.js';
import type { Checkout } from '../checkout.js';
import type { Hold } from '../hold.js';
import type { PgStatement } from './statement.js';

// WORKAROUND pg >=8.0.3, pg-pool >=3.1: there is no public way to take a statement out of a queue, to find the statement
// that runs, or to keep a connection from its next statement (https://github.com/brianc/node-postgres/pull/3751); remove
// when pg cancels by a signal.

export type Callback = (error?: unknown, ...rest: unknown[]) => void;

/** A `Query` of pg. */
export interface PgQuery {
  readonly text?: string;
  /** Of a prepared statement. */
  readonly name?: string;
  /** How many rows are read at a time, if not all of them. */
  readonly rows?: number;
  callback?: Callback;
  handleError(error: unknown, connection: unknown): void;
  [STATEMENT]?: PgStatement;
}

/** A `Client` of pg. From 8.17 on, some names have an underscore in front, and those without one log a warning. */
export interface PgClient {
  readonly connection: EventEmitter & {
    readonly stream: Socket;
    readonly parsedStatements: Readonly<Record<string, string>>;
  };
  readonly _Promise: PromiseConstructor;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly ssl: boolean | object;
  readonly sslNegotiation?: string;
  readonly replication?: unknown;
  readonly pipeline?: boolean;
  readonly processID: number | null;
  readonly secretKey: number | Buffer | null;
  readonly _activeQuery?: PgQuery | null;
  readonly activeQuery?: PgQuery | null;
  readonly _queryQueue?: PgQuery[];
  readonly queryQueue: PgQuery[];
  readonly _sentQueryQueue?: PgQuery[];
  readonly _txStatus?: string | null;
  _queryable: boolean;
  _ending: boolean;
  _pulseQueryQueue(): void;
  [HELD]?: Hold | undefined;
  [CHECKOUT]?: Checkout | undefined;
  [TRANSACTION]?: string | undefined;
}

/** A caller that waits for a client of a pool. */
export interface PendingItem {
  readonly callback: Callback;
}

/** A `Pool` of pg-pool. */
export interface PgPool {
  readonly Promise: PromiseConstructor;
  readonly _pendingQueue: PendingItem[];
  readonly _idle: readonly unknown[];
}

export function queueOf(client: PgClient): PgQuery[] {
  return client._queryQueue ?? client.queryQueue;
}

/** The query that the server works on. */
export function activeQuery(client: PgClient): PgQuery | null | undefined {
  return '_activeQuery' in client ? client._activeQuery : client.activeQuery;
}

/** The query that was made last, of those that are not over. */
export function newestQuery(client: PgClient): PgQuery | null | undefined {
  return queueOf(client).at(-1) ?? client._sentQueryQueue?.at(-1) ?? activeQuery(client);
}

/** Notes the status of the transaction, where the version of pg does not. */
export function watchTransaction(client: PgClient): void {
  if ('_txStatus' in client || TRANSACTION in client) return;
  client[TRANSACTION] = undefined;
  client.connection.on('readyForQuery', ({ status }: { status: string }) => {
    client[TRANSACTION] = status;
  });
}

/** A statement of `client` has been refused or cancelled. */
export function stopped(client: PgClient): void {
  const checkout = client[CHECKOUT];
  if (checkout !== undefined) checkout.stopped = true;
}

/** Whether `client` is usable and in no transaction. `false` where that is not known. */
export function isIdle(client: PgClient): boolean {
  const status = '_txStatus' in client ? client._txStatus : client[TRANSACTION];
  return status === 'I' && client._queryable && !client._ending;
}
