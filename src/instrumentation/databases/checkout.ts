import { firstOfOurs } from '../../errors.js';

/** How many texts are kept before they are looked at. */
const MAX_TEXTS = 32;

/** What the statements of an application have left behind in their session. */
export interface SessionChanges {
  /** A statement has been sent. */
  note(text: string): void;
  readonly none: boolean;
}

/**
 * The time for which an application holds a connection of a pool. When a statement was stopped meanwhile, the application
 * may not have run what would have undone its session's state (a role, a setting, a lock), and the connection must not go
 * to the next one with that.
 */
export class Checkout {
  /** Whether a statement was refused or cancelled. */
  stopped = false;
  private readonly texts: string[] = [];
  private changes: SessionChanges | undefined = undefined;

  /** @param changesOf makes an empty record of changes */
  constructor(private readonly changesOf: () => SessionChanges) {}

  /** A statement is being sent. Only kept: texts are read when it matters, and when there are many of them. */
  sent(text: string | undefined): void {
    if (text === undefined) return;
    this.texts.push(text);
    if (this.texts.length === MAX_TEXTS) this.read();
  }

  /** Whether the session is as it was at the begin. */
  get isClean(): boolean {
    return this.read().none;
  }

  private read(): SessionChanges {
    this.changes ??= this.changesOf();
    for (const text of this.texts.splice(0)) this.changes.note(text);
    return this.changes;
  }
}

/**
 * The error with which a connection goes back into its pool, which closes the connection if there is one. An error of ours
 * is none of the connection's; but a connection whose session is not clean after a statement was stopped is closed.
 *
 * @param checkout `undefined`: the pool itself has run one statement
 * @param isIdle whether the connection is usable, and in no transaction
 */
export function errorOfRelease(checkout: Checkout | undefined, error: unknown, isIdle: () => boolean): unknown {
  const isOurs = error !== undefined && firstOfOurs(error) !== undefined;
  if (!isOurs && (error || !checkout?.stopped)) return error;
  if (isIdle() && (checkout === undefined || checkout.isClean)) return undefined;
  return error ?? new Error('a statement was stopped, and nothing has undone the state of the session');
}
