import { Deadline } from './deadline.js';
import { Scope } from './scope.js';

const INBOUND = Symbol('opentelemetry-propagator-deadline inbound request');

/**
 * An inbound request whose scope somebody will complete. A server instrumentation attaches it to the headers before
 * anybody extracts from them; whoever extracts then puts the one scope of the request into his context, however often
 * and from wherever it is done.
 */
export class Inbound {
  /** Whether the application has been handed the request. */
  served = false;
  private bound: Scope | undefined = undefined;

  /**
   * @param trusted whether the caller's budget and baggage count
   * @param defaultBudget ms for a request that comes without a budget; `undefined`: no deadline
   */
  constructor(
    readonly trusted: boolean,
    private readonly defaultBudget: number | undefined,
  ) {}

  /** The scope; `undefined` before the first {@link bind}. */
  get scope(): Scope | undefined {
    return this.bound;
  }

  /**
   * The scope; the first call makes it.
   *
   * @param budget what the caller sent, in ms
   * @param parent the scope of the context into which it is extracted, if it has one
   */
  bind(budget: number | undefined, parent?: Scope): Scope {
    this.bound ??= new Scope(parent, this.deadline(budget), 'owned');
    return this.bound;
  }

  private deadline(budget: number | undefined): Deadline | undefined {
    if (budget !== undefined && this.trusted) return Deadline.fromCaller(budget);
    return this.defaultBudget === undefined ? undefined : Deadline.after(this.defaultBudget);
  }
}

/** Attaches `inbound` to a request's headers. Not enumerable: headers are copied, forwarded and logged. */
export function attachInbound(headers: object, inbound: Inbound): void {
  Object.defineProperty(headers, INBOUND, { value: inbound, configurable: true });
}

/** What was attached to a carrier; `undefined` when nothing was. */
export function inboundOf(carrier: unknown): Inbound | undefined {
  return (carrier as { [INBOUND]?: Inbound } | null | undefined)?.[INBOUND];
}
