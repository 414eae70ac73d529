import { context, propagation, trace } from '@opentelemetry/api';
import { type DeadlineEvent, listen } from '../../src/events.js';
import { DeadlineInstrumentation } from '../../src/instrumentation/deadline-instrumentation.js';
import type { DeadlineInstrumentationConfig } from '../../src/instrumentation/options.js';
import { createPropagator, type PropagatorOptions } from '../../src/propagation/create-propagator.js';
import { pendingAlarms } from '../../src/time/alarms.js';
import { startFakeClock, stopFakeClock } from './fake-clock.js';
import { registerGlobals } from './open-telemetry.cjs';
import { within } from './waiting.js';

/** Whether a request waits depends on the load of the machine, and on the real time. It has tests of its own. */
function withoutAdmission(config: DeadlineInstrumentationConfig): DeadlineInstrumentationConfig {
  return { ...config, server: { admission: false, ...config.server } };
}

/**
 * The set-up of the README for each test of a file: context manager, propagator and instrumentation. After each test no
 * alarm and no timer may be left. Time passes only when a test moves the clock; sockets and promises go on by themselves.
 *
 * Made after what closes the connections of a test, so that these are counted in that test.
 */
export class Enforcement {
  /** What has happened in this test. */
  readonly events: DeadlineEvent[] = [];
  private current: DeadlineInstrumentation | undefined;

  constructor(config: DeadlineInstrumentationConfig = {}, options?: PropagatorOptions) {
    let stopListening = () => {};
    beforeEach(() => {
      startFakeClock();
      this.events.length = 0;
      stopListening = listen((event) => this.events.push(event));
      registerGlobals({ textMapPropagator: createPropagator(options) });
      this.current = this.switchOn(config);
    });
    afterEach(async () => {
      try {
        await within(2_000, 'no alarm to be left', () => pendingAlarms() === 0);
        this.expectNoTimers();
      } finally {
        this.switchOff();
        for (const api of [context, propagation, trace]) api.disable();
        stopListening();
        stopFakeClock();
      }
    });
  }

  /** Other options, for the rest of the test. */
  configure(config: DeadlineInstrumentationConfig): void {
    this.current?.setConfig(withoutAdmission(config));
  }

  /** Other options of the propagator, for the rest of the test. */
  propagate(options?: PropagatorOptions): void {
    propagation.disable();
    propagation.setGlobalPropagator(createPropagator(options));
  }

  /** The instrumentation itself, for a test that switches it. */
  get instrumentation(): DeadlineInstrumentation {
    if (this.current === undefined) throw new Error('not in a test');
    return this.current;
  }

  /** How often what happened, in words such as `server rejected`. */
  get counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const event of this.events) {
      const words = this.nameOf(event);
      counts[words] = (counts[words] ?? 0) + 1;
    }
    return counts;
  }

  protected switchOn(config: DeadlineInstrumentationConfig): DeadlineInstrumentation {
    return new DeadlineInstrumentation(withoutAdmission(config));
  }

  protected switchOff(): void {
    this.current?.disable();
  }

  protected expectNoTimers(): void {
    expect(jest.getTimerCount()).toBe(0);
  }

  protected nameOf(event: DeadlineEvent): string {
    return 'side' in event ? `${event.side} ${event.type}` : event.type;
  }
}
