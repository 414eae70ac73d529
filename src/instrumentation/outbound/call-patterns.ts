import { longest, PathPattern } from './path-pattern.js';

/** The number of origins whose patterns are kept. A process calls few; a crawler has no end of them. */
const MAX_ORIGINS = 1_000;

/** A whole URL in place of a path, in its two parts. */
const WHOLE_URL = /^([a-z]+:\/\/[^/?#]*)(.*)$/is;

/**
 * A path that a server may take for another one. A gateway that passes paths on must not let its callers choose that a call
 * is shared.
 */
const DOT_SEGMENT = /[/\\](?:\.|%2e){1,2}(?:[/\\?#]|$)/i;

/** Patterns, each compiled once for each origin: of most origins no path matches, or few have to be looked for. */
export class CallPatterns {
  private readonly byOrigin = new Map<string, readonly PathPattern[]>();
  /** Finds the longest text of any pattern. One expression for all of them: it runs for each call of `fetch`. */
  private readonly words: RegExp;

  constructor(private readonly patterns: readonly string[]) {
    const words = new Set(patterns.map((pattern) => longest(pattern.split('*')).replace(/[^\w/]/g, '\\$&')));
    this.words = new RegExp([...words].join('|'));
  }

  /**
   * Whether a pattern matches a call.
   *
   * @param path may have a query, and may be a whole URL, as in a request to a proxy
   */
  has(origin: string, path: string): boolean {
    if (path[0] !== '/') {
      const [, own, rest] = WHOLE_URL.exec(path) ?? [];
      if (own !== undefined && rest !== undefined) return this.hasPath(own, rest);
    }
    return this.hasPath(origin, path);
  }

  /** Whether a pattern may match `url`: quick, and true for each match whose URL is in normal form. */
  mayHave(url: string): boolean {
    return this.words.test(url);
  }

  private hasPath(origin: string, path: string): boolean {
    const patterns = this.byOrigin.get(origin) ?? this.compile(origin);
    for (const pattern of patterns) if (pattern.matches(path)) return !DOT_SEGMENT.test(path);
    return false;
  }

  private compile(origin: string): readonly PathPattern[] {
    const normal = /^https?:/i.test(origin) && URL.canParse(origin) ? new URL(origin).origin : origin.toLowerCase();
    const rests = this.patterns.flatMap((pattern) => restsAfter(normal, pattern));
    const compiled = rests.map((rest) => new PathPattern(rest));
    if (this.byOrigin.size >= MAX_ORIGINS) this.byOrigin.clear();
    this.byOrigin.set(origin, compiled);
    return compiled;
  }
}

/**
 * What is left of `pattern` for the path when its beginning has matched `origin`: one pattern for each way to match. A `*`
 * in the host must not reach into the path: `https://*.internal/*` does not match `https://other/.internal/`.
 */
function restsAfter(origin: string, pattern: string): string[] {
  const scheme = pattern.indexOf('://');
  const pathStart = scheme === -1 ? 0 : pattern.indexOf('/', scheme + 3);
  let states = new Set([0]);
  for (const char of origin) {
    const next = new Set<number>();
    // The loop also visits what is added to the set meanwhile: a `*` may stand for no text.
    for (const state of states) {
      if (pattern[state] === '*') {
        next.add(state);
        states.add(state + 1);
      } else if (pattern[state]?.toLowerCase() === char) {
        next.add(state + 1);
      }
    }
    states = next;
  }
  for (const state of states) if (state < pathStart && pattern[state] === '*') states.add(state + 1);
  return [...states].filter((state) => state >= pathStart).map((state) => pattern.slice(state));
}
