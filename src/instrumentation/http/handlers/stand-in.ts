import { EventEmitter } from 'node:events';
import { privateField } from '../../../private-field.js';
import type { Method } from '../../hooks/patch-method.js';
import type { InboundRequest, InboundResponse } from '../../options.js';

/** An event by which a server gives a request to the application. */
export interface RequestEvent {
  readonly server: EventEmitter;
  readonly name: string;
  readonly request: InboundRequest;
  readonly response: InboundResponse;
}

export type Deliver = (event: RequestEvent) => void;

type Listener = ((request: InboundRequest, response: InboundResponse) => unknown) & { listener?: Listener | undefined };
type Listeners = Listener | Listener[] | undefined;

/** An event that the wrappers have not passed on yet. */
interface Emission {
  readonly event: RequestEvent;
  readonly deliver: Deliver;
  /** Whether `emit` still runs. */
  running: boolean;
}

/** The stand-ins of a server, by event. */
const standIns = privateField<Map<string, StandIn>>();

/** Takes the place of a server's listeners for one event while wrappers have such events and have not passed them on. */
export class StandIn {
  private readonly waiting: Emission[] = [];
  private replaced: readonly Listener[] = [];
  /** What stands in for each of them: the first one receives the event, the others do nothing. */
  private places: readonly Listener[] = [];
  private readonly listener: Listener = (request, response) => this.receive(request, response);

  private constructor(
    private readonly server: EventEmitter,
    private readonly name: string,
  ) {}

  static of(server: EventEmitter, name: string): StandIn {
    const known = standIns.get(server)?.get(name);
    if (known !== undefined) return known;
    const standIn = new StandIn(server, name);
    standIns.set(server, new Map(standIns.get(server)).set(name, standIn));
    return standIn;
  }

  emit(emit: Method, event: RequestEvent, deliver: Deliver): unknown {
    const { request, response } = event;
    const emission: Emission = { event, deliver, running: true };
    this.waiting.push(emission);
    this.cover();
    let returned = false;
    try {
      const result: unknown = emit.call(this.server, this.name, request, response);
      returned = true;
      return result;
    } finally {
      emission.running = false;
      if (this.waiting.includes(emission)) this.forget(emission, returned);
    }
  }

  /** The wrapper passes the event on later, or not at all: where the response ends first, or where the wrapper threw. */
  private forget(emission: Emission, returned: boolean): void {
    const { response } = emission.event;
    const forget = () => {
      this.take(emission);
      if (this.waiting.length === 0) this.uncover()();
    };
    if (!returned || response.writableEnded || response.destroyed) forget();
    else (response as EventEmitter).on('close', forget);
  }

  /** The wrappers have passed an event on. */
  private receive(request: InboundRequest, response: InboundResponse): void {
    const { server, name } = this;
    const emission = this.find(request);
    if (emission !== undefined) this.take(emission);
    // Before the application runs: it may add listeners, or emit the event again.
    const addOthers = this.uncover();
    try {
      if (emission === undefined) EventEmitter.prototype.emit.call(server, name, request, response);
      else emission.deliver({ server, name, request, response });
    } finally {
      addOthers();
      if (this.waiting.length > 0) this.cover();
    }
  }

  /** The emission of a request, or of the one that a wrapper has replaced by `request`. */
  private find(request: InboundRequest): Emission | undefined {
    const same = this.waiting.findLast(({ event }) => isSame(event.request, request));
    return same ?? this.waiting.findLast(({ running }) => running);
  }

  private take(emission: Emission): void {
    const index = this.waiting.indexOf(emission);
    if (index !== -1) this.waiting.splice(index, 1);
  }

  private cover(): void {
    const listeners = listenersOf(this.server);
    const all = listeners?.[this.name];
    if (listeners === undefined || all === undefined || all === this.listener) return;
    const current = toArray(all);
    if (current.includes(this.listener)) return;
    this.replaced = current;
    // `listener` is where Node finds the listener that another one stands for: in `listeners` and in `removeListener`.
    this.places = current.map((each, index) => {
      const place: Listener = index === 0 ? this.listener : () => {};
      place.listener = each.listener ?? each;
      return place;
    });
    listeners[this.name] = fromArray(this.places);
  }

  /**
   * Puts the server's listeners back in their places. Those that a wrapper has added meanwhile are left out: Node calls
   * them itself, after `receive` or before. The function that is returned adds them again.
   */
  private uncover(): () => void {
    const { server, name, places, replaced } = this;
    const listeners = listenersOf(server);
    const all = listeners?.[name];
    this.replaced = [];
    // As a rule: one listener, and no wrapper has changed anything.
    if (listeners !== undefined && all === this.listener && replaced.length === 1) {
      listeners[name] = replaced[0];
      return nothing;
    }
    const current = toArray(all);
    const kept = replaced.filter((_, index) => current.includes(places[index] as Listener));
    if (listeners === undefined || kept.length === 0) return nothing;
    listeners[name] = fromArray(kept);
    if (current.length === kept.length) return nothing;
    const first = current.findIndex((each) => places.includes(each));
    const isAdded = (each: Listener) => !places.includes(each);
    const { on, prependListener } = EventEmitter.prototype;
    return () => {
      for (const each of current.slice(0, first).reverse()) prependListener.call(server, name, each);
      for (const each of current.slice(first).filter(isAdded)) on.call(server, name, each);
    };
  }
}

/** Whether both are one request: a wrapper may pass on an object that inherits, or a proxy, and replace the headers. */
function isSame(request: InboundRequest, passedOn: InboundRequest): boolean {
  const { rawHeaders } = request;
  return request === passedOn || (rawHeaders !== undefined && rawHeaders === passedOn.rawHeaders);
}

const nothing = () => {};

function toArray(listeners: Listeners): Listener[] {
  if (listeners === undefined) return [];
  return Array.isArray(listeners) ? listeners : [listeners];
}

function fromArray(listeners: readonly Listener[]): Listeners {
  return listeners.length === 1 ? listeners[0] : [...listeners];
}

/**
 * WORKAROUND node all: nothing public runs code inside of what others have wrapped around `emit` (no issue known);
 * remove when a diagnostics channel can replace the listeners of a request.
 *
 * The listeners of an emitter, by event: one function, or an array of several.
 */
export function listenersOf(emitter: EventEmitter): Record<string, Listeners> | undefined {
  return (emitter as { _events?: Record<string, Listeners> })._events;
}
