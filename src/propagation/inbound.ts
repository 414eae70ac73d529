import { Deadline } from '../context/deadline.js';
import { Scope } from '../context/scope/scope.js';

/**
 * An inbound request whose scope somebody will complete. A server instrumentation attaches it to the headers before
 * anybody extracts from them; whoever extracts then puts the one scope of the request into his context, however often
 * and from wherever it is done.
 */
export class Inbound {
  /** Whether the application has been handed the request. */
  served = false;
  #bound: Scope | undefined;
  readonly #defaultBudget: number | undefined;

  /**
   * @param trusted whether the caller's budget and baggage count
   * @param defaultBudget ms for a request that comes without a budget; `undefined`: no deadline
   */
  constructor(
    readonly trusted: boolean,
    defaultBudget: number | undefined,
  ) {
    this.#defaultBudget = defaultBudget;
  }

  /** The scope; `undefined` before the first {@link bind}. */
  get scope(): Scope | undefined {
    return this.#bound;
  }

  /**
   * The scope; the first call makes it.
   *
   * @param budget what the caller sent, in ms
   * @param parent the scope of the context into which it is extracted, if it has one
   */
  bind(budget: number | undefined, parent?: Scope): Scope {
    this.#bound ??= new Scope(parent, this.#deadline(budget), 'owned');
    return this.#bound;
  }

  #deadline(budget: number | undefined): Deadline | undefined {
    if (budget !== undefined && this.trusted) return Deadline.fromCaller(budget);
    return this.#defaultBudget === undefined ? undefined : Deadline.after(this.#defaultBudget);
  }
}

/** A constructor that makes nothing: a class derived from it puts its private fields on the object that it is given. */
export const Onto = class {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is what it is for
    return object;
  }
};

/**
 * What is attached to a request's headers, as a #field: headers are copied, forwarded and logged, and nobody may
 * meet it there. A symbol that is not enumerable costs 400 ns more, a `WeakMap` 900.
 */
class Attachment extends Onto {
  readonly #inbound: Inbound;

  constructor(headers: object, inbound: Inbound) {
    super(headers);
    this.#inbound = inbound;
  }

  static inboundOf(carrier: object): Inbound | undefined {
    return #inbound in carrier ? carrier.#inbound : undefined;
  }
}

/** Whether there is anything to look for: where no instrumentation is on, nobody pays for it. */
let inUse = false;

/** Attaches `inbound` to a request's headers, which must have none yet. */
export function attachInbound(headers: object, inbound: Inbound): void {
  inUse = true;
  new Attachment(headers, inbound);
}

/** What was attached to a carrier; `undefined` when nothing was. */
export function inboundOf(carrier: unknown): Inbound | undefined {
  return inUse ? Attachment.inboundOf(Object(carrier)) : undefined;
}
