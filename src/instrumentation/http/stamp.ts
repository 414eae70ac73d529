import type { ClientRequest } from 'node:http';
import { type Context, diag } from '@opentelemetry/api';
import { TIMEBUDGET } from '../../propagation/deadline-propagator.js';
import type { DeadlineSetter, DeadlineWriter, ReadingSetter } from '../../propagation/deadline-setter.js';
import { withRpcTimeout } from '../../propagation/rpc-timeout.js';
import { now } from '../../time/clock.js';
import { inject } from '../hooks/safe-propagation.js';
import type { Injection } from './others-injection.js';
import { rpcOf } from './rpc-call.js';
import { isHeadWritten, removeField, rewriteField } from './written-head.js';

/** The deadline that was stamped on a request. */
export interface Stamp {
  /** When the stamped budget runs out, on the clock of `now()`; `Infinity`: none was stamped. */
  readonly until: number;
  /** In whole ms; `Infinity`: none was stamped. */
  readonly budget: number;
  readonly writer: DeadlineWriter | undefined;
}

const NO_STAMP: Stamp = { until: Number.POSITIVE_INFINITY, budget: Number.POSITIVE_INFINITY, writer: undefined };

/** For how long, in ms, a budget that another instrumentation has injected counts as the budget now. */
const FRESH = 1;

/** The writer of the registered propagator, once it has been seen at work. */
let registered: DeadlineWriter | undefined;

/**
 * Writes the fields of `context` into a request.
 *
 * @param instant now, on the clock of `now()`
 * @param injection what another instrumentation has injected from `context`
 */
export function stampRequest(
  request: ClientRequest,
  context: Context,
  instant: number,
  injection: Injection | undefined,
): Stamp {
  // Node has written headers that were given as an array already.
  if (isHeadWritten(request)) return NO_STAMP;
  if (injection !== undefined && isComplete(injection, request, instant))
    return keepInjection(injection, request, instant);
  const setter = new RequestSetter();
  inject(context, request, setter);
  return setter.stamp;
}

/**
 * Writes the fields of `context` into a shared call, without a deadline: the budget of the request that happens to make the
 * call is not its own. A limit that the application has set in a format of others stays.
 *
 * @param injection what another instrumentation has injected, from the context of that request
 */
export function stampSharedCall(request: ClientRequest, context: Context, injection: Injection | undefined): Stamp {
  const foreign =
    injection === undefined || injection.budget === Number.POSITIVE_INFINITY ? [] : injection.writer.fields();
  for (const field of [TIMEBUDGET, ...foreign]) removeField(request, field);
  if (!isHeadWritten(request)) inject(context, request, new RequestSetter());
  return NO_STAMP;
}

/** Writes into a request that has waited for a socket how many ms are left now, in place of its stamp. */
export function countDown(request: ClientRequest, { budget, writer }: Stamp, left: number): void {
  const setter = isHeadWritten(request) ? REWRITE : SET;
  write(writer, Math.min(budget, Math.floor(left)), request, setter);
}

/**
 * Whether an injection leaves only the deadline to be checked: it was made just now, by the whole registered propagator,
 * as an instrumentation injects for a call. Code that injects by hand may use another propagator, or a part of it.
 */
function isComplete({ instant: injected, writer }: Injection, request: ClientRequest, instant: number): boolean {
  return instant - injected < FRESH && writer === registered && request.hasHeader('traceparent');
}

/** The injected budget is the stamp. The headers may have been changed since, so the deadline is written where it differs. */
function keepInjection({ budget, writer }: Injection, request: ClientRequest, instant: number): Stamp {
  if (budget === Number.POSITIVE_INFINITY) return NO_STAMP;
  const all = withRpcTimeout(writer, rpcOf(request));
  write(all, budget, request, SET_WHERE_DIFFERENT);
  return { until: instant + budget, budget, writer: all };
}

class RequestSetter implements DeadlineSetter<ClientRequest> {
  stamp = NO_STAMP;

  set(request: ClientRequest, field: string, value: string): void {
    // Another instrumentation may have injected already; its span is the better parent.
    if (!request.hasHeader(field)) request.setHeader(field, value);
  }

  setDeadline(request: ClientRequest, budget: number, writer: DeadlineWriter): void {
    registered = writer;
    if (budget === Number.POSITIVE_INFINITY) return;
    const all = withRpcTimeout(writer, rpcOf(request));
    this.stamp = { until: now() + budget, budget, writer: all };
    // A deadline in the headers was written before the request was made: ours replaces it, unless it is shorter.
    all.write(budget, request, SET as ReadingSetter);
  }
}

/** An application may bring a format of its own. Its failure must not become the failure of a call. */
function write(writer: DeadlineWriter | undefined, ms: number, request: ClientRequest, setter: RequestWriter): void {
  try {
    writer?.write(ms, request, setter as ReadingSetter);
  } catch (error) {
    diag.error('a call goes out with the deadline of its first stamp, because the format failed', error);
  }
}

type RequestWriter = ReadingSetter<ClientRequest>;

const get = (request: ClientRequest, field: string) => request.getHeader(field);

const SET: RequestWriter = { get, set: (request, field, value) => void request.setHeader(field, value) };

/** To set a field takes longer than to look at it. */
const SET_WHERE_DIFFERENT: RequestWriter = {
  get,
  set(request, field, value) {
    if (request.getHeader(field) !== value) request.setHeader(field, value);
  },
};

const REWRITE: RequestWriter = { get, set: rewriteField };
