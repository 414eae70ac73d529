import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type DeadlineEvent, listen } from '../../../src/events.js';
import { DeadlineInstrumentation } from '../../../src/instrumentation/deadline-instrumentation.js';
import type { DeadlineInstrumentationConfig } from '../../../src/instrumentation/options.js';
import { createPropagator, type PropagatorOptions } from '../../../src/propagation/create-propagator.js';
import { pendingAlarms } from '../../../src/time/alarms.js';
import { startFakeClock, stopFakeClock } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';

/**
 * The set-up of the README for each test of a file: context manager, propagator and enforcement. After each test no
 * alarm and no timer may be left. Time passes only when a test says so; sockets and promises go on by themselves.
 *
 * Made after what closes the connections of a test, so that these are counted in that test.
 */
export class Enforcement {
  /** What has happened in this test. */
  readonly events: DeadlineEvent[] = [];
  private instrumentation: DeadlineInstrumentation | undefined;

  constructor(config: DeadlineInstrumentationConfig = {}, options?: PropagatorOptions) {
    let stopListening = () => {};
    beforeEach(() => {
      startFakeClock();
      this.events.length = 0;
      stopListening = listen((event) => this.events.push(event));
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      propagation.setGlobalPropagator(createPropagator(options));
      this.instrumentation = new DeadlineInstrumentation(config);
    });
    afterEach(async () => {
      try {
        await within(2_000, 'no alarm to be left', () => pendingAlarms() === 0);
        expect(jest.getTimerCount()).toBe(0);
      } finally {
        this.instrumentation?.disable();
        context.disable();
        propagation.disable();
        stopListening();
        stopFakeClock();
      }
    });
  }

  /** Other options, for the rest of the test. */
  configure(config: DeadlineInstrumentationConfig): void {
    this.instrumentation?.setConfig(config);
  }

  /** How often what happened, in words such as `server rejected`. */
  get counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const event of this.events) {
      const words = 'side' in event ? `${event.side} ${event.type}` : event.type;
      counts[words] = (counts[words] ?? 0) + 1;
    }
    return counts;
  }
}
