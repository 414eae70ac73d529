import { ERROR_KIND, ERROR_ORIGIN } from './private-keys.js';

/** The number of errors that are looked at, however deep an error is wrapped. */
const MAX_ERRORS = 16;

/** Where an error keeps the one that it wraps; TypeORM has `driverError`, sequelize `parent`, GraphQL `originalError`. */
const WRAPPED = ['cause', 'driverError', 'parent', 'original', 'originalError'];

/** Errors that keep nothing of the one that they stand for but its `code`: Prisma's, and those of node-fetch. */
const COPIES_CODE = ['PrismaClientKnownRequestError', 'FetchError'];

/** The deadline that a {@link DeadlineExceededError} reports. */
export interface ExceededDeadline {
  /** The time from when the deadline was received or set until it passed, in ms. */
  readonly budget: number;
  /** `true`: the caller sent the deadline. `false`: code of this process set it. */
  readonly inherited: boolean;
  /** The time since the deadline was received or set, in ms. */
  readonly spent: number;
  /** @internal `true`: the budget of a run of shared work. */
  readonly forSharedWork?: boolean;
}

/** The request, or other work, that an error has ended. */
export interface ErrorOrigin {
  /** The HTTP status of `error` for the request that the running code works for. */
  statusOf(error: unknown): number;
}

abstract class ScopeError extends Error {
  abstract readonly code: string;
  /**
   * The HTTP status that a framework sends when a handler fails with this error; express reads `status`. 500 where it is
   * read inside a request that is not the one whose work has ended: the two have shared a call. Not enumerable, because
   * what is copied to another error is wrong for the other requests.
   */
  declare readonly status: number;
  /** The same status, for fastify and koa. */
  declare readonly statusCode: number;
  /** `false`, for koa and http-errors: the response has the text of the status, not the message of this error. */
  readonly expose = false;
  /** The outbound call that was aborted, if there was one: method, origin and path. Not enumerable. */
  declare readonly target?: string;

  constructor(kind: string, message: string, options?: ErrorOptions) {
    super(message, options);
    Object.defineProperty(this, ERROR_KIND, { value: kind });
  }
}

for (const name of ['status', 'statusCode'] as const) {
  Object.defineProperty(ScopeError.prototype, name, {
    configurable: true,
    get(this: EndReason) {
      return originIn(this)?.statusOf(this) ?? statusOfKind(this);
    },
    set(this: EndReason, value: unknown) {
      // koa sets what it has read, which is not the status for the other requests.
      if (value !== this[name]) Object.defineProperty(this, name, { value, writable: true, configurable: true });
    },
  });
}

/** The HTTP status of one of our errors, or of an error that stands for one, in the request that has ended. */
export function statusOfKind(error: unknown): 499 | 504 {
  return isDeadlineExceeded(error) ? 504 : 499;
}

/** The deadline has passed, so the caller no longer waits. HTTP status 504, gRPC status DEADLINE_EXCEEDED. */
export class DeadlineExceededError extends ScopeError {
  /** Also true for an error of another copy of this package. A subclass tests the prototype, as any class does. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass inherits this method, and is `this` then
    return isInstance(value, this, DeadlineExceededError, 'DEADLINE_EXCEEDED');
  }

  override readonly name = 'DeadlineExceededError';
  readonly code = 'DEADLINE_EXCEEDED';
  readonly budget: number;
  readonly inherited: boolean;
  readonly spent: number;

  constructor(deadline: ExceededDeadline, options?: ErrorOptions) {
    const { budget, inherited, spent } = deadline;
    const source = deadline.forSharedWork ? 'of shared work' : inherited ? 'from the caller' : 'set here';
    super(
      'DEADLINE_EXCEEDED',
      `deadline exceeded: ${round(budget)} ms budget ${source}, ${round(spent)} ms spent`,
      options,
    );
    this.budget = budget;
    this.inherited = inherited;
    this.spent = spent;
  }
}

/** The caller went away before the deadline. HTTP status 499 (the one that nginx logs), gRPC status CANCELLED. */
export class CallCancelledError extends ScopeError {
  /** Also true for an error of another copy of this package. A subclass tests the prototype, as any class does. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass inherits this method, and is `this` then
    return isInstance(value, this, CallCancelledError, 'CANCELLED');
  }

  override readonly name = 'CallCancelledError';
  readonly code = 'CANCELLED';

  /** @param options `cause`: the reason that was passed to `cancel` */
  constructor(message = 'call cancelled: the caller no longer waits', options?: ErrorOptions) {
    super('CANCELLED', message, options);
  }
}

/** Why a scope ended. */
export type EndReason = DeadlineExceededError | CallCancelledError;

/**
 * Whether `error` is a {@link DeadlineExceededError}, or wraps one: HTTP clients, ORMs and frameworks wrap what a call
 * fails with. Never throws.
 *
 * `cause` and the properties that ORMs use instead are followed, and the `errors` of an `AggregateError`, as Go's
 * `errors.Is` does. At most 16 errors are looked at, the outer ones first. The first error of this package decides.
 */
export function isDeadlineExceeded(error: unknown): boolean {
  return wrappedKind(error) === 'DEADLINE_EXCEEDED';
}

/**
 * Whether `error` is a {@link CallCancelledError}, or wraps one. Looks where {@link isDeadlineExceeded} looks. Never
 * throws.
 */
export function isCallCancelled(error: unknown): boolean {
  return wrappedKind(error) === 'CANCELLED';
}

/** Whether `error` itself, not what it wraps, is one of the two errors of this file. Never throws. */
export function isEndReason(error: unknown): error is EndReason {
  return read(error, ERROR_KIND) !== undefined;
}

/** The origin of the first of our errors among `error` and those that it wraps; `undefined` where it has none. */
export function originIn(error: unknown): ErrorOrigin | undefined {
  return read(firstOfOurs(error), ERROR_ORIGIN) as ErrorOrigin | undefined;
}

/** Gives `error` an origin, unless it has one. Returns `error`. */
export function withOrigin<E extends EndReason>(error: E, origin: ErrorOrigin | undefined): E {
  // An application may have frozen an error of its own.
  if (origin !== undefined && read(error, ERROR_ORIGIN) === undefined) {
    Reflect.defineProperty(error, ERROR_ORIGIN, { value: origin });
  }
  return error;
}

function wrappedKind(error: unknown): unknown {
  return kindOf(firstOfOurs(error));
}

/** The first of our errors among `error` and those that it wraps, or the error of a library that stands for one. */
export function firstOfOurs(error: unknown): unknown {
  // A set, because errors may wrap each other in a cycle. Its loop visits what is added meanwhile.
  const found = new Set([error]);
  for (const link of found) {
    if (kindOf(link) !== undefined) return link;
    for (const inner of innerErrors(link)) if (inner && found.size < MAX_ERRORS) found.add(inner);
  }
  return undefined;
}

function kindOf(error: unknown): unknown {
  return read(error, ERROR_KIND) ?? copiedKind(error);
}

function innerErrors(error: unknown): unknown[] {
  const inner = WRAPPED.map((key) => read(error, key));
  const errors = read(error, 'errors');
  // Read one by one: an array may be a proxy, or hold a getter.
  for (let i = 0; errors && i < MAX_ERRORS; i++) inner.push(read(errors, i));
  return inner;
}

/** The code alone would not do: other libraries have errors with these codes. Here it is also the kind. */
function copiedKind(error: unknown): unknown {
  const code = read(error, 'code');
  const isOurs = code === 'DEADLINE_EXCEEDED' || code === 'CANCELLED';
  return isOurs && COPIES_CODE.includes(read(error, 'name') as string) ? code : undefined;
}

/**
 * `value instanceof type`, by the brand where `type` is `ours`, one of the classes of this file: another copy of this
 * package has other classes.
 */
function isInstance(value: unknown, type: unknown, ours: unknown, kind: string): boolean {
  if (type === ours) return read(value, ERROR_KIND) === kind;
  return Function.prototype[Symbol.hasInstance].call(type, value);
}

/** A property of whatever has been thrown; `undefined` where a getter or a proxy throws. */
function read(value: unknown, key: PropertyKey): unknown {
  try {
    return Object(value)[key];
  } catch {
    return undefined;
  }
}

/** Whole ms from 10 ms on, else one decimal. */
function round(ms: number): number {
  return ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms);
}
