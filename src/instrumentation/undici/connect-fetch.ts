import { type Context, createContextKey } from '@opentelemetry/api';
import type { EndReason } from '../../errors.js';
import { connectError, isOfConnect } from '../outbound/rpc-call-error.js';

/** The call of global `fetch` by Connect's client in whose context a request of undici is made. */
const CONNECT_FETCH = createContextKey('opentelemetry-propagator-deadline fetch of Connect');

/** The options of `fetch`, as connect-web gives them. */
interface Init {
  readonly headers?: unknown;
  readonly signal?: AbortSignal | null;
}

/**
 * A call of global `fetch` by connect-web. Connect takes the reason that `fetch` rejects with for `unknown`, and while the
 * body is read `fetch` wraps that reason. Both are an error of Connect where a signal ends the call that has it as reason.
 */
export class ConnectFetch {
  private readonly controller = new AbortController();

  private constructor(
    private readonly input: unknown,
    private readonly init: Init,
  ) {}

  /** @param args those of `fetch`; `undefined` for a call of another client */
  static of([input, init]: unknown[]): ConnectFetch | undefined {
    const { headers } = Object(init) as Init;
    if (!(headers instanceof Headers)) return undefined;
    const call = { field: (name: string) => headers.get(name) ?? '', path: String(input) };
    return isOfConnect(call) ? new ConnectFetch(input, init as Init) : undefined;
  }

  /** The arguments for `fetch`, with a signal of ours beside the caller's own. */
  get args(): unknown[] {
    const { input, init, controller } = this;
    const signal = init.signal ? AbortSignal.any([init.signal, controller.signal]) : controller.signal;
    return [input, { ...init, signal }];
  }

  enter(context: Context): Context {
    return context.setValue(CONNECT_FETCH, this);
  }

  abort(error: EndReason): void {
    this.controller.abort(connectError(error));
  }
}

export function connectFetchIn(context: Context): ConnectFetch | undefined {
  return context.getValue(CONNECT_FETCH) as ConnectFetch | undefined;
}
