import { trace } from '@opentelemetry/api';
import type { InstrumentationBase } from '@opentelemetry/instrumentation';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { DeadlineEvent } from '../../../src/events.js';
import type { DeadlineInstrumentation } from '../../../src/instrumentation/deadline-instrumentation.js';
import type { DeadlineInstrumentationConfig } from '../../../src/instrumentation/options.js';
import { Enforcement } from '../../support/enforcement.js';

/** Which instrumentations of grpc-js there are, in the order in which they are put on. */
export type Order = 'alone' | 'ours first' | 'ours last';

/** The set-up for tests of gRPC: with spans, and with OpenTelemetry's own instrumentation where `order` has it. */
export class GrpcEnforcement extends Enforcement {
  readonly exporter = new InMemorySpanExporter();
  private readonly provider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: this.exporter })],
  });
  private others: GrpcInstrumentation | undefined;

  constructor(
    config: DeadlineInstrumentationConfig = {},
    private readonly order: Order = 'alone',
  ) {
    super(config);
  }

  protected override switchOn(config: DeadlineInstrumentationConfig): DeadlineInstrumentation {
    trace.setGlobalTracerProvider(this.provider);
    if (this.order === 'ours last') this.addOthers();
    const ours = load(super.switchOn(config));
    if (this.order === 'ours first') this.addOthers();
    return ours;
  }

  protected override switchOff(): void {
    super.switchOff();
    this.others?.disable();
    this.exporter.reset();
  }

  /** grpc-js keeps timers of its own. */
  protected override expectNoTimers(): void {}

  protected override nameOf(event: DeadlineEvent): string {
    return 'transport' in event && 'side' in event
      ? `${event.side} ${event.type} ${event.transport}`
      : super.nameOf(event);
  }

  private addOthers(): void {
    this.others = load(new GrpcInstrumentation());
  }
}

const { version } = require('@grpc/grpc-js/package.json');

/** What the hook on `require` does in a process; jest has a `require` of its own. */
export function load<T extends Pick<InstrumentationBase, 'getModuleDefinitions'>>(instrumentation: T): T {
  const definition = instrumentation.getModuleDefinitions().find(({ name }) => name === '@grpc/grpc-js');
  for (const file of definition?.files ?? []) {
    file.moduleExports = require(file.name);
    file.patch(file.moduleExports, version);
  }
  definition?.patch?.(require('@grpc/grpc-js'), version);
  return instrumentation;
}
