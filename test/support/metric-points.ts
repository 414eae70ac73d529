import { type Attributes, metrics } from '@opentelemetry/api';
import { type Histogram, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

/** Collects when a test asks for it. */
export class OnDemandReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** What an operator sees of one instrument under one set of attributes. */
export interface MetricPoint {
  readonly unit: string;
  readonly attributes: Attributes;
  /** Of a counter its sum; of a histogram what was recorded, as count and sum. */
  readonly value: unknown;
}

/** All that was recorded so far, by the names of the instruments. */
export async function pointsOf(reader: MetricReader): Promise<Record<string, MetricPoint[]>> {
  const points: Record<string, MetricPoint[]> = {};
  const { resourceMetrics } = await reader.collect();
  for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
    points[descriptor.name] = dataPoints.map(({ attributes, value }) => ({
      unit: descriptor.unit,
      attributes,
      value: typeof value === 'number' ? value : recorded(value as Histogram),
    }));
  }
  return points;
}

/** The bucket boundaries that an instrument asks for. */
export async function boundariesOf(reader: MetricReader, name: string): Promise<readonly number[] | undefined> {
  const { resourceMetrics } = await reader.collect();
  const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  const found = metrics.find(({ descriptor }) => descriptor.name === name);
  return (found?.dataPoints[0]?.value as Histogram | undefined)?.buckets.boundaries;
}

function recorded({ count, sum = 0 }: Histogram): { count: number; sum: number } {
  return { count, sum: Math.round(sum * 1000) / 1000 };
}

/** A global MeterProvider for each test of a file, set before the instrumentation that the test makes. */
export function useMetrics(): { readonly reader: MetricReader } {
  const current = { reader: new OnDemandReader() };
  beforeEach(() => {
    current.reader = new OnDemandReader();
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [current.reader] }));
  });
  afterEach(() => metrics.disable());
  return current;
}
