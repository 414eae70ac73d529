import type { SessionChanges } from '../checkout.js';
import { statementsIn } from '../sql-statements.js';

/** A change that is undone by no single statement that could be recognised. */
const UNKNOWN = 'UNKNOWN';

type Rule = readonly [pattern: RegExp, change: (changes: Set<string>, name: string) => void];

/**
 * What statements do to a session, by https://www.postgresql.org/docs/18/sql-discard.html and the commands that it stands
 * for. The first rule that fits a statement counts. What is bound to the transaction ends with it.
 */
const RULES: readonly Rule[] = [
  [/^SET (?:LOCAL|TRANSACTION|CONSTRAINTS)\b/, () => {}],
  [/^SET (?:SESSION )?(ROLE|AUTHORIZATION|[^ =]+)(?: TO |=| = | )(?:DEFAULT|NONE)$/, remove],
  [/^SET (?:SESSION )?([^ =]+)/, add],
  // RESET ALL keeps the role and the user.
  [
    /^RESET ALL$/,
    (changes) =>
      keepOnly(changes, ['ROLE', 'AUTHORIZATION', 'PREPARED', 'LISTENING', 'CURSOR', 'TABLE', 'LOCK', UNKNOWN]),
  ],
  [/^RESET (?:SESSION )?(\S+)$/, remove],
  [/^DISCARD ALL$/, (changes) => changes.clear()],
  [/^DISCARD TEMP/, (changes) => changes.delete('TABLE')],
  [/^PREPARE (?!TRANSACTION\b)/, (changes) => changes.add('PREPARED')],
  [/^DEALLOCATE (?:PREPARE )?ALL$/, (changes) => changes.delete('PREPARED')],
  [/^LISTEN\b/, (changes) => changes.add('LISTENING')],
  [/^UNLISTEN \*$/, (changes) => changes.delete('LISTENING')],
  [/^DECLARE\b.* WITH HOLD\b/, (changes) => changes.add('CURSOR')],
  [/^CLOSE ALL$/, (changes) => changes.delete('CURSOR')],
  [/^CREATE (?:LOCAL |GLOBAL )?TEMP|\bINTO (?:LOCAL |GLOBAL )?TEMP/, (changes) => changes.add('TABLE')],
  [/\bPG_ADVISORY_UNLOCK_ALL\b/, (changes) => changes.delete('LOCK')],
  [/\bPG_(?:TRY_)?ADVISORY_LOCK/, (changes) => changes.add('LOCK')],
  [/\bSET_CONFIG ?\((?!.*, ?TRUE ?\))|^LOAD\b/, (changes) => changes.add(UNKNOWN)],
];

/** What the statements of a checkout have changed in their session of PostgreSQL, and not undone. */
export class PgSessionChanges implements SessionChanges {
  private readonly changes = new Set<string>();

  note(text: string): void {
    for (const statement of statementsIn(text)) {
      for (const [pattern, change] of RULES) {
        const match = pattern.exec(statement);
        if (match === null) continue;
        change(this.changes, match[1] ?? UNKNOWN);
        break;
      }
    }
  }

  get none(): boolean {
    return this.changes.size === 0;
  }
}

function add(changes: Set<string>, name: string): void {
  changes.add(name);
}

function remove(changes: Set<string>, name: string): void {
  changes.delete(name);
}

function keepOnly(changes: Set<string>, kept: readonly string[]): void {
  for (const each of changes) if (!kept.includes(each)) changes.delete(each);
}
