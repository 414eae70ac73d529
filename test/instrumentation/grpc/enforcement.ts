import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { InstrumentationBase } from '@opentelemetry/instrumentation';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { type DeadlineEvent, listen } from '../../../src/events.js';
import { DeadlineInstrumentation } from '../../../src/instrumentation/deadline-instrumentation.js';
import type { DeadlineInstrumentationConfig } from '../../../src/instrumentation/options.js';
import { createPropagator, type PropagatorOptions } from '../../../src/propagation/create-propagator.js';
import { pendingAlarms } from '../../../src/time/alarms.js';
import { startFakeClock, stopFakeClock } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';

/** Which instrumentations of grpc-js there are, in the order in which they are put on. */
export type Order = 'alone' | 'ours first' | 'ours last';

/**
 * The set-up of the README for each test of a file, on a clock that only the test moves. After each test no alarm may
 * be left, and the instrumentations are off.
 */
export class GrpcEnforcement {
  readonly events: DeadlineEvent[] = [];
  readonly exporter = new InMemorySpanExporter();
  private readonly provider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: this.exporter })],
  });
  private others: GrpcInstrumentation | undefined;
  private ours: DeadlineInstrumentation | undefined;

  constructor(config: DeadlineInstrumentationConfig = {}, order: Order = 'alone') {
    let stopListening = () => {};
    beforeEach(() => {
      startFakeClock();
      this.events.length = 0;
      stopListening = listen((event) => this.events.push(event));
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      this.propagate();
      trace.setGlobalTracerProvider(this.provider);
      if (order === 'ours last') this.addOthers();
      this.ours = load(new DeadlineInstrumentation(config));
      if (order === 'ours first') this.addOthers();
    });
    afterEach(async () => {
      try {
        await within(2_000, 'no alarm to be left', () => pendingAlarms() === 0);
      } finally {
        this.ours?.disable();
        this.others?.disable();
        for (const api of [context, propagation, trace]) api.disable();
        this.exporter.reset();
        stopListening();
        stopFakeClock();
      }
    });
  }

  /** Other options, for the rest of the test. */
  configure(config: DeadlineInstrumentationConfig): void {
    this.ours?.setConfig(config);
  }

  /** Other options of the propagator, for the rest of the test. */
  propagate(options?: PropagatorOptions): void {
    propagation.disable();
    propagation.setGlobalPropagator(createPropagator(options));
  }

  /** The enforcement itself, for a test that switches it. */
  get instrumentation(): DeadlineInstrumentation {
    if (this.ours === undefined) throw new Error('not in a test');
    return this.ours;
  }

  /** How often what happened, in words such as `server rejected`. */
  get counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const event of this.events) {
      const words = 'transport' in event ? `${event.side} ${event.type} ${event.transport}` : event.type;
      counts[words] = (counts[words] ?? 0) + 1;
    }
    return counts;
  }

  private addOthers(): void {
    this.others = load(new GrpcInstrumentation());
  }
}

/** What the hook on `require` does in a process; jest has a `require` of its own. */
export function load<T extends Pick<InstrumentationBase, 'getModuleDefinitions'>>(instrumentation: T): T {
  const definition = instrumentation.getModuleDefinitions().find(({ name }) => name === '@grpc/grpc-js');
  const version = '1.14.7';
  for (const file of definition?.files ?? []) {
    file.moduleExports = require(file.name);
    file.patch(file.moduleExports, version);
  }
  definition?.patch?.(require('@grpc/grpc-js'), version);
  return instrumentation;
}
