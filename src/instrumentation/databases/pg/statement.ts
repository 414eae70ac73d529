import { nextTick } from 'node:process';
import type { EndReason } from '../../../errors.js';
import { HELD } from '../../../private-keys.js';
import type { DatabaseMode } from '../../options.js';
import { type CancelRecord, cancelRecordOf } from '../cancel-record.js';
import type { Hold } from '../hold.js';
import { RunningStatement } from '../running-statement.js';
import { canSendCancel, sendCancel } from './cancel-request.js';
import { activeQuery, type PgClient, type PgQuery, queueOf, stopped } from './internals.js';
import { isLeftAlone } from './left-alone.js';

/** What PostgreSQL says of a statement that was cancelled. */
const QUERY_CANCELED = '57014';

/** A query of pg: simple, with parameters, or prepared. */
export class PgStatement extends RunningStatement {
  readonly name = 'pg';

  constructor(
    private readonly client: PgClient,
    private readonly query: PgQuery,
    mode: DatabaseMode,
    enforce: boolean,
  ) {
    super(mode, enforce);
  }

  protected isLeftAlone(): boolean {
    const { text, name } = this.query;
    return isLeftAlone(text ?? this.client.connection.parsedStatements[name ?? '']);
  }

  protected get target(): string {
    return targetOf(this.client);
  }

  protected get record(): CancelRecord {
    return cancelRecordOf(this.target);
  }

  protected leaveQueue(error: EndReason): boolean {
    const { client, query } = this;
    const queue = queueOf(client);
    const at = queue.indexOf(query);
    if (at < 0) return false;
    queue.splice(at, 1);
    stopped(client);
    nextTick(() => query.handleError(error, client.connection));
    return true;
  }

  protected canBeCancelled(): boolean {
    const { client, query } = this;
    // A pipelined connection has sent more than one. After an error, a query that is read in steps is never ended by pg.
    if (client.pipeline || query.rows || activeQuery(client) !== query) return false;
    return client[HELD] === undefined && canSendCancel(client);
  }

  protected cancel(hold: Hold, error: EndReason): void {
    const { client, query } = this;
    const { connection } = client;
    client[HELD] = hold;
    stopped(client);
    const tell = query.callback;
    // The callback, not `handleError`: up to 8.2, that sends the Sync which the server waits for.
    if (tell) {
      query.callback = (failure, ...rest) => {
        hold.postpone(() => tell.call(query, isEndOfCancelled(failure) ? error : failure, ...rest));
      };
    }
    // After the listener of the client, which notes the status of the transaction.
    const ready = () => hold.ready();
    connection.on('readyForQuery', ready).on('end', ready);
    hold.postpone(() => connection.off('readyForQuery', ready).off('end', ready));
    const canceller = sendCancel(client, () => hold.cancelled());
    // Behind a firewall that drops what it does not know, nobody closes it.
    hold.postpone(() => canceller.destroy());
  }

  protected letGo(inTime: boolean): void {
    const { client } = this;
    client[HELD] = undefined;
    if (!inTime) close(client);
    // What was postponed comes first, and gives the connection back or goes on with it.
    nextTick(() => client._pulseQueryQueue());
  }
}

/** Host, port and database of a client, without the user. */
export function targetOf({ host, port, database }: PgClient): string {
  return `pg ${host}:${port}/${database}`;
}

/** Whether a statement that was cancelled has failed for that reason, or with its connection, and not for one of its own. */
function isEndOfCancelled(failure: unknown): boolean {
  if (!failure) return false;
  const { code, severity } = failure as { code?: unknown; severity?: unknown };
  return code === QUERY_CANCELED || severity === undefined;
}

/** Closes a connection without the event 'error', which would end the process where the application holds the client. */
function close(client: PgClient): void {
  client._ending = true;
  client._queryable = false;
  client.connection.stream.destroy();
}
