import type { Scope } from '../../../context/scope/scope.js';
import type { Method, Patched } from '../../hooks/patch-method.js';
import type { Settings } from '../../settings.js';
import { inCallersContext } from '../callers-context.js';
import type { PgClient } from './internals.js';

// `pool.query` takes a client, runs one statement on it and gives it back. The pool calls `connect` and `query` while
// these functions run, so they tell both of them what they are called for.

let entering: { readonly query: unknown } | undefined;
let handing: Handing | undefined;

/** Remembers the statement, which `connect` does not get, and runs the callback in its caller's context. */
export function wrapPoolQuery(original: Method, patched: Patched<Settings>): Method {
  return function query(this: unknown, ...args: unknown[]) {
    if (patched.settings === undefined) return original.apply(this, args);
    const last = args.length - 1;
    const callback = args[last];
    if (last > 0 && typeof callback === 'function') args[last] = inCallersContext(callback as () => void);
    const outer = entering;
    entering = { query: args[0] };
    try {
      return original.apply(this, args);
    } finally {
      entering = outer;
    }
  };
}

/** The statement for which `connect` is called; `undefined`: the application itself calls it. */
export function takeStatementOfPool(): { readonly query: unknown } | undefined {
  const statement = entering;
  entering = undefined;
  return statement;
}

/** What the pool is about to send: to which client, and under which scope. */
interface Handing {
  readonly client: PgClient;
  readonly scope: Scope | undefined;
}

/** Runs `fn`, in which the pool sends its statement to `client`. */
export function handToPool(client: PgClient | undefined, scope: Scope | undefined, fn: () => void): void {
  handing = client && { client, scope };
  try {
    fn();
  } finally {
    handing = undefined;
  }
}

/** The statement that is being sent to `client`, if it is that of a `pool.query`. */
export function takeHanding(client: PgClient): Handing | undefined {
  if (handing?.client !== client) return undefined;
  const taken = handing;
  handing = undefined;
  return taken;
}
