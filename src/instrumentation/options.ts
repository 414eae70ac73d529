import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { diag } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import { checkDuration, checkFunction, checkOptions, outOfRange, wrongType } from '../argument.js';

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
}

/** The options as the instrumentation uses them. */
export interface InstrumentationSettings {
  readonly enforce: boolean;
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
  checkOptions('DeadlineInstrumentation', config, ['enabled', 'server', 'client', 'mode']);
  const { server = {}, client = {}, mode = 'enforce' } = config;
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
  return {
    enforce: mode === 'enforce',
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

function flag(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw wrongType(option, 'true or false', value);
  return value;
}

type Predicate<T> = (subject: T) => boolean;

function predicate<T>(option: string, value: unknown, fallback: boolean, onError = fallback): Predicate<T> {
  if (typeof value === 'boolean' || value === undefined) return () => value ?? fallback;
  if (typeof value !== 'function') throw wrongType(option, 'true, false or a function', value);
  return (subject) => ask(option, () => value(subject), onError);
}

/** A function only: `ignore: true` would turn everything off. */
function filter<T>(option: string, value: Predicate<T> | undefined): Predicate<T> | undefined {
  if (value === undefined) return undefined;
  checkFunction(option, value);
  return (subject) => ask(option, () => value(subject), false);
}

/**
 * A predicate that throws must not break a request: it is taken to have answered `onError`. So is one that answers with
 * an object, a promise for one, which would always be true.
 */
function ask(option: string, question: () => unknown, onError: boolean): boolean {
  try {
    const answer = question();
    if (typeof answer === 'object' && answer !== null) throw wrongType(option, 'true or false', answer);
    return Boolean(answer);
  } catch (error) {
    diag.error(`${option}: taken as ${onError}`, error);
    return onError;
  }
}

function budget(value: unknown): (request: InboundRequest | InboundCall) => number | undefined {
  if (typeof value !== 'function') {
    if (value !== undefined) checkDuration('server.defaultBudget', value);
    return () => value;
  }
  return (request) => {
    try {
      const ms: unknown = value(request);
      if (ms !== undefined) checkDuration('server.defaultBudget', ms);
      return ms;
    } catch (error) {
      diag.error('server.defaultBudget: the request gets no default budget', error);
      return undefined;
    }
  };
}
