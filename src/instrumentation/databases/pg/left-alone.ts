import { statementsIn } from '../sql-statements.js';

/**
 * What ends a transaction or undoes a session's state; notifications, copies and replication, which have protocols of
 * their own.
 */
const WORDS =
  /^(?:COMMIT|END|ROLLBACK|ABORT|RELEASE|PREPARE TRANSACTION|RESET|SET|DISCARD|CLOSE|DEALLOCATE|LISTEN|UNLISTEN|NOTIFY|COPY|START_REPLICATION)\b/;

const FUNCTIONS = /\b(?:PG_ADVISORY_UNLOCK\w*|SET_CONFIG|PG_NOTIFY) ?\(/;

/** Whether nothing of `text` may be refused or cancelled. One such statement among several is enough. */
export function isLeftAlone(text: string | undefined): boolean {
  if (text === undefined) return false;
  return statementsIn(text).some((statement) => WORDS.test(statement) || FUNCTIONS.test(statement));
}

/** The text of a statement: a text, or an object with one. */
export function textOf(query: unknown): string | undefined {
  const text = typeof query === 'string' ? query : (query as { text?: unknown } | null | undefined)?.text;
  return typeof text === 'string' ? text : undefined;
}
