import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import { checkOptions, outOfRange } from '../check-argument.js';
import { type DetachedCalls, noticeDetachedCalls } from './lost-context/lost-contexts.js';
import { budget, filter, flag, predicate } from './option-values.js';

/** A request that we serve, of node:http, node:https or the compatibility API of node:http2. */
export type InboundRequest = IncomingMessage | Http2ServerRequest;
export type InboundResponse = ServerResponse | Http2ServerResponse;

/**
 * A gRPC call that we serve: what the four kinds of call of @grpc/grpc-js have in common, spelt out because that package
 * need not be installed. What tells it from a request of HTTP: it has no `url` and no `headers`.
 */
export interface InboundCall {
  readonly url?: never;
  readonly headers?: never;
  readonly metadata: { get(key: string): (string | Buffer)[] };
  /** `/package.Service/Method`. */
  getPath(): string;
  getPeer(): string;
  getHost(): string;
  getDeadline(): Date | number;
}

/** Options for the requests that we serve. */
export interface ServerOptions {
  /** node:http and node:https. Default: true. */
  readonly http?: boolean;
  /** The compatibility API of node:http2. Default: true. */
  readonly http2?: boolean;
  /** @grpc/grpc-js. Default: true. */
  readonly grpc?: boolean;
  /** Requests that are left alone: no scope, no deadline. Default: none. */
  readonly ignore?: (request: InboundRequest | InboundCall) => boolean;
  /**
   * The budget of a request that arrives without one, in ms: what an edge gives. A function may exempt requests (event
   * streams, downloads) by returning `undefined`. Default: none.
   */
  readonly defaultBudget?: number | ((request: InboundRequest | InboundCall) => number | undefined);
  /** Whether the caller's budget and baggage count. Trace context always does. Default: true. */
  readonly trust?: boolean | ((request: InboundRequest | InboundCall) => boolean);
  /** Whether work ends when the caller hangs up: false for what must finish once begun. Default: true. */
  readonly cancelOnDisconnect?: boolean | ((request: InboundRequest | InboundCall) => boolean);
  /**
   * Whether an answer of 500 (gRPC: UNKNOWN) is left alone whose scope has run out; else it becomes 504
   * (DEADLINE_EXCEEDED). Default: false.
   */
  readonly keepStatus?: boolean;
}

/** Options for the calls that we make. */
export interface ClientOptions {
  /** `request` and `get` of node:http and node:https. Default: true. */
  readonly http?: boolean;
  /** Global `fetch`, and undici. Default: true. */
  readonly undici?: boolean;
  /** @grpc/grpc-js. Default: true. */
  readonly grpc?: boolean;
  /** Calls that are left alone, by target (method, origin and path, without query). Default: none. */
  readonly ignore?: (target: string) => boolean;
}

/** Options of `DeadlineInstrumentation`. */
export interface DeadlineInstrumentationConfig extends InstrumentationConfig {
  readonly server?: ServerOptions;
  readonly client?: ClientOptions;
  /** `'observe'` counts what would be rejected or aborted, and does neither. Default: `'enforce'`. */
  readonly mode?: 'enforce' | 'observe';
  /**
   * What becomes of a call that is made inside a live request, in a context that knows nothing of that request
   * (`context.with(ROOT_CONTEXT, ...)`), and was not freed by `detach`: `'warn'` reports it, once for each place in the
   * code, and counts it; `'inherit'` gives it the request's deadline and cancellation as well (with `mode: 'observe'` it
   * reports only). Default: `'off'`, at no cost.
   */
  readonly detached?: 'off' | 'warn' | 'inherit';
}

/** The options as the instrumentation uses them. */
export interface InstrumentationSettings {
  readonly enforce: boolean;
  readonly detached: DetachedCalls;
  readonly server: {
    readonly http: boolean;
    readonly http2: boolean;
    readonly grpc: boolean;
    readonly keepStatus: boolean;
    readonly ignores: (request: InboundRequest | InboundCall) => boolean;
    readonly trusts: (request: InboundRequest | InboundCall) => boolean;
    readonly cancels: (request: InboundRequest | InboundCall) => boolean;
    readonly defaultBudget: (request: InboundRequest | InboundCall) => number | undefined;
  };
  readonly client: {
    readonly http: boolean;
    readonly undici: boolean;
    readonly grpc: boolean;
    /** `undefined`: no call is ignored, and no target need be made out. */
    readonly ignores: ((target: string) => boolean) | undefined;
  };
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws TypeError or RangeError that names the option and quotes what it got
 */
export function resolveInstrumentationConfig(config: DeadlineInstrumentationConfig = {}): InstrumentationSettings {
  checkOptions('DeadlineInstrumentation', config, ['enabled', 'server', 'client', 'mode', 'detached']);
  const { server = {}, client = {}, mode = 'enforce', detached = 'off' } = config;
  checkOptions('server', server, [
    'http',
    'http2',
    'grpc',
    'ignore',
    'defaultBudget',
    'trust',
    'cancelOnDisconnect',
    'keepStatus',
  ]);
  checkOptions('client', client, ['http', 'undici', 'grpc', 'ignore']);
  if (mode !== 'enforce' && mode !== 'observe') throw outOfRange('mode', "'enforce' or 'observe'", mode);
  if (detached !== 'off' && detached !== 'warn' && detached !== 'inherit') {
    throw outOfRange('detached', "'off', 'warn' or 'inherit'", detached);
  }
  return {
    enforce: mode === 'enforce',
    detached: noticeDetachedCalls(detached === 'inherit' && mode === 'observe' ? 'warn' : detached),
    server: {
      http: flag('server.http', server.http, true),
      http2: flag('server.http2', server.http2, true),
      grpc: flag('server.grpc', server.grpc, true),
      keepStatus: flag('server.keepStatus', server.keepStatus, false),
      ignores: filter('server.ignore', server.ignore) ?? (() => false),
      trusts: predicate('server.trust', server.trust, true, false),
      cancels: predicate('server.cancelOnDisconnect', server.cancelOnDisconnect, true),
      defaultBudget: budget(server.defaultBudget),
    },
    client: {
      http: flag('client.http', client.http, true),
      undici: flag('client.undici', client.undici, true),
      grpc: flag('client.grpc', client.grpc, true),
      ignores: filter('client.ignore', client.ignore),
    },
  };
}
