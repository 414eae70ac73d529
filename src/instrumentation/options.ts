import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { diag } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import { checkDuration, checkOptions, outOfRange, wrongType } from '../argument.js';

/** A request that we serve, of node:http, node:https or the compatibility API of node:http2. */
export type InboundRequest = IncomingMessage | Http2ServerRequest;
export type InboundResponse = ServerResponse | Http2ServerResponse;

/** Options for the requests that we serve. */
export interface ServerOptions {
  /** node:http and node:https. Default: true. */
  readonly http?: boolean;
  /** The compatibility API of node:http2. Default: true. */
  readonly http2?: boolean;
  /** Requests that are left alone: no scope, no deadline. Default: none. */
  readonly ignore?: (request: InboundRequest) => boolean;
  /**
   * The budget of a request that arrives without one, in ms: what an edge gives. A function may exempt requests (event
   * streams, downloads) by returning `undefined`. Default: none.
   */
  readonly defaultBudget?: number | ((request: InboundRequest) => number | undefined);
  /** Whether the caller's budget and baggage count. Trace context always does. Default: true. */
  readonly trust?: boolean | ((request: InboundRequest) => boolean);
  /** Whether work ends when the caller hangs up: false for what must finish once begun. Default: true. */
  readonly cancelOnDisconnect?: boolean | ((request: InboundRequest) => boolean);
  /** Whether an answer of 500 is left alone whose scope has run out; else it becomes 504. Default: false. */
  readonly keepStatus?: boolean;
}

/** Options for the calls that we make. */
export interface ClientOptions {
  /** `request` and `get` of node:http and node:https. Default: true. */
  readonly http?: boolean;
  /** Global `fetch`, and undici. Default: true. */
  readonly undici?: boolean;
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
    readonly keepStatus: boolean;
    readonly ignores: (request: InboundRequest) => boolean;
    readonly trusts: (request: InboundRequest) => boolean;
    readonly cancels: (request: InboundRequest) => boolean;
    readonly defaultBudget: (request: InboundRequest) => number | undefined;
  };
  readonly client: {
    readonly http: boolean;
    readonly undici: boolean;
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
    'ignore',
    'defaultBudget',
    'trust',
    'cancelOnDisconnect',
    'keepStatus',
  ]);
  checkOptions('client', client, ['http', 'undici', 'ignore']);
  if (mode !== 'enforce' && mode !== 'observe') throw outOfRange('mode', "'enforce' or 'observe'", mode);
  return {
    enforce: mode === 'enforce',
    server: {
      http: flag('server.http', server.http, true),
      http2: flag('server.http2', server.http2, true),
      keepStatus: flag('server.keepStatus', server.keepStatus, false),
      ignores: predicate('server.ignore', server.ignore, false),
      trusts: predicate('server.trust', server.trust, true),
      cancels: predicate('server.cancelOnDisconnect', server.cancelOnDisconnect, true),
      defaultBudget: budget(server.defaultBudget),
    },
    client: {
      http: flag('client.http', client.http, true),
      undici: flag('client.undici', client.undici, true),
      ignores: client.ignore === undefined ? undefined : predicate('client.ignore', client.ignore, false),
    },
  };
}

function flag(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw wrongType(option, 'true or false', value);
  return value;
}

/** A predicate that throws answers as the default does: an option must not break a request. */
function predicate<T>(option: string, value: unknown, fallback: boolean): (subject: T) => boolean {
  if (typeof value !== 'function') {
    const constant = flag(option, value, fallback);
    return () => constant;
  }
  return (subject) => {
    try {
      return Boolean(value(subject));
    } catch (error) {
      diag.error(`${option} threw; its default ${fallback} is used`, error);
      return fallback;
    }
  };
}

function budget(value: unknown): (request: InboundRequest) => number | undefined {
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
