import { outOfRange, wrongType } from '../../check-argument.js';
import { filter } from '../option-values.js';
import { CallPatterns } from './call-patterns.js';

/** `origin/path`: an origin has a scheme or a `*`. Without a path, the pattern would match no call. */
const PATTERN = /^(?:[^/]*:\/\/[^/]+\/|[^/]*[*:][^/]*\/(?!\/))/;

const WELL_KNOWN = '*/.well-known/*';

/**
 * The calls that are shared by default: a library makes one of them for several requests, and keeps what it gets. Key sets
 * and the metadata of an issuer (RFC 8615, OpenID Connect Discovery), and the metadata services of AWS, Azure and Google
 * Cloud, which hand out credentials. To add to them: `[...DEFAULT_SHARED_CALLS, 'https://issuer.example/keys']`.
 */
export const DEFAULT_SHARED_CALLS: readonly string[] = Object.freeze([
  WELL_KNOWN,
  ...['169.254.169.254', '169.254.170.2', 'metadata.google.internal'].flatMap((host) => [
    `*://${host}/*`,
    `*://${host}:*/*`,
  ]),
]);

/** Which calls are shared. */
export interface SharedCalls {
  /**
   * Whether a call is shared.
   *
   * @param origin as in `http://127.0.0.1:8080`; of a gRPC call, the target of its channel
   * @param path may have a query, and may be a whole URL, as in a request to a proxy
   * @param target gives the target of the call, as `client.ignore` gets it. Asked only where a predicate needs it
   */
  has(origin: string, path: string, target: () => string): boolean;
  /** Whether a call to `url` may be shared: quick, and true for each shared call whose URL is in normal form. */
  mayHave(url: string): boolean;
}

/**
 * The option `client.shared`.
 *
 * @returns `undefined`: no call is shared
 * @throws TypeError or RangeError that names the option
 */
export function sharedCalls(option: string, value: unknown): SharedCalls | undefined {
  if (typeof value === 'function') {
    const matches = filter(option, value as (target: string) => boolean);
    return { has: (_origin, _path, target) => matches?.(target()) ?? false, mayHave: () => true };
  }
  if (value === undefined || value === DEFAULT_SHARED_CALLS) return readsByDefault();
  const patterns: unknown = value;
  if (!Array.isArray(patterns)) throw wrongType(option, 'an array of patterns, or a predicate', value);
  for (const pattern of patterns as unknown[]) {
    if (typeof pattern !== 'string') throw wrongType(option, 'patterns as strings', pattern);
    if (!PATTERN.test(pattern)) throw outOfRange(option, 'origin/path, where * is any text', pattern);
  }
  return patterns.length === 0 ? undefined : new CallPatterns([...patterns]);
}

/** The default: of well-known addresses only what is read, because a caller of a gateway may choose the path of a call. */
function readsByDefault(): SharedCalls {
  const patterns = new CallPatterns(DEFAULT_SHARED_CALLS);
  const wellKnown = new CallPatterns([WELL_KNOWN]);
  return {
    has(origin, path, target) {
      return patterns.has(origin, path) && (!wellKnown.has(origin, path) || /^(?:GET|HEAD) /.test(target()));
    },
    mayHave: (url) => patterns.mayHave(url),
  };
}
