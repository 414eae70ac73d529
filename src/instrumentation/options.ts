import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';

/**
 * A request that this process serves, of node:http, node:https or node:http2. Of a stream that an application serves by the
 * event 'stream' there is no request of Node's: in its place stands an object with `stream`, `headers`, `rawHeaders`,
 * `method`, `url`, `authority`, `scheme`, `socket` and the `httpVersion`, and with nothing else.
 */
export type InboundRequest = IncomingMessage | Http2ServerRequest;
export type InboundResponse = ServerResponse | Http2ServerResponse;

/**
 * A gRPC call that this process serves: what the four kinds of call of @grpc/grpc-js have in common. The type is spelt
 * out, because that package need not be installed. A gRPC call has no `url` and no `headers`; an HTTP request has both.
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

/** Options for the requests that this process serves. */
export interface ServerOptions {
  /** Whether node:http and node:https are instrumented. Default: true. */
  readonly http?: boolean;
  /** Whether node:http2 is instrumented: its compatibility API, and the event 'stream'. Default: true. */
  readonly http2?: boolean;
  /** Whether @grpc/grpc-js is instrumented. Default: true. */
  readonly grpc?: boolean;
  /** Which requests are left alone: they get no scope and no deadline. Default: none. */
  readonly ignore?: (request: InboundRequest | InboundCall) => boolean;
  /**
   * The budget of a request that arrives without one, in ms, 0 or more: what an edge gives. A function may exempt
   * requests (event streams, downloads) by returning `undefined`. Default: none.
   */
  readonly defaultBudget?: number | ((request: InboundRequest | InboundCall) => number | undefined);
  /** Whether the caller's budget and baggage count. The trace context always does. Default: true. */
  readonly trust?: boolean | ((request: InboundRequest | InboundCall) => boolean);
  /**
   * Whether the work for a request ends when its caller hangs up. `false` is for work that must finish once it has
   * begun. Default: true.
   */
  readonly cancelOnDisconnect?: boolean | ((request: InboundRequest | InboundCall) => boolean);
  /**
   * Whether an answer of 500 (gRPC: UNKNOWN) stays as it is when the time of its request is up. Otherwise it becomes 504
   * (DEADLINE_EXCEEDED). Default: false.
   */
  readonly keepStatus?: boolean;
  /**
   * Whether requests wait in front of their handlers while this thread has no time for them, so that those whose callers
   * have gone are found before any work is done for them. In `mode: 'observe'` they are counted, and don't wait.
   * Default: true.
   */
  readonly admission?: boolean;
  /**
   * Whether a request whose time is up is answered at once, 504 with `timebudget: 0` (gRPC: DEADLINE_EXCEEDED), in place of
   * a handler that has not answered yet. What the handler writes later is swallowed, and its calls are aborted and refused
   * as without this option. A response whose head has been sent is left alone. Not in `mode: 'observe'`. Default: false.
   */
  readonly answer?: boolean | ((request: InboundRequest | InboundCall) => boolean);
}

/** Options for the calls that this process makes. */
export interface ClientOptions {
  /** Whether `request` and `get` of node:http and node:https are instrumented. Default: true. */
  readonly http?: boolean;
  /** Whether `request` of a session of node:http2 is instrumented. Default: true. */
  readonly http2?: boolean;
  /** Whether global `fetch` and undici are instrumented. Default: true. */
  readonly undici?: boolean;
  /** Whether @grpc/grpc-js is instrumented. Default: true. */
  readonly grpc?: boolean;
  /** Which calls are left alone, by target: method, origin and path, without query. Default: none. */
  readonly ignore?: (target: string) => boolean;
  /**
   * Which calls are shared: a library makes one call for several requests, and its code is not yours. Such a call is freed
   * from the request that happens to make it: it does not end with that request, and carries no budget. It has a limit of
   * its own of 30 s.
   *
   * An array of patterns `origin/path`, in which `*` stands for any text, as in `https://issuer.example/keys/*`, or a
   * predicate on the target: method, origin and path, without query. An array replaces the default,
   * `DEFAULT_SHARED_CALLS`: `/.well-known/` in any path, and the metadata services of the clouds.
   */
  readonly shared?: readonly string[] | ((target: string) => boolean);
}

/**
 * What happens to the statements of a driver when their caller has gone.
 *
 * - `'cancel'`: one that runs is cancelled on its server; and as for `'refuse'`
 * - `'refuse'`: one that has not begun is not begun: it is refused, or leaves the queue of its pool or its connection
 * - `false`: nothing. The driver is left as it is
 *
 * What ends a transaction or undoes a session's state (COMMIT, ROLLBACK, RESET, SET, ...) always runs.
 */
export type DatabaseMode = 'cancel' | 'refuse' | false;

/** Options for the statements that this process sends to databases. */
export interface DatabaseOptions {
  /** PostgreSQL by pg, 8.0.3 or later, and pg-pool. Default: `'cancel'`. */
  readonly pg?: DatabaseMode;
}

/** What happens to a call with a lost context. */
export type LostContextMode = 'off' | 'warn' | 'inherit';

/** Options of `DeadlineInstrumentation`. */
export interface DeadlineInstrumentationConfig extends InstrumentationConfig {
  readonly server?: ServerOptions;
  readonly client?: ClientOptions;
  readonly databases?: DatabaseOptions;
  /** `'observe'` counts what would be rejected or aborted, and does neither. Default: `'enforce'`. */
  readonly mode?: 'enforce' | 'observe';
  /**
   * What happens to a call with a lost context: a call that is made inside a live request, in a context that knows
   * nothing of that request (`context.with(ROOT_CONTEXT, ...)`), and that `detach` has not freed. `'warn'` counts the call
   * and logs each place in the code once. `'inherit'` also gives it the request's deadline and cancellation; with
   * `mode: 'observe'` it only warns. Default: `'off'`, which costs nothing.
   */
  readonly lostContexts?: LostContextMode;
}
