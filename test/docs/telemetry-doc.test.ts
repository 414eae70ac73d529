import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataPointType, MeterProvider } from '@opentelemetry/sdk-metrics';
import { measure, record } from '../../src/events.js';
import { recordMetrics } from '../../src/telemetry/deadline-metrics.js';
import { OnDemandReader } from '../support/metric-points.js';

const document = readFileSync(join(__dirname, '../../docs/telemetry.md'), 'utf8');

/** The rows of a table whose first cell is code, cell by cell. */
const rows = Array.from(document.matchAll(/^\| `.*$/gm), ([row]) =>
  row.split(' | ').map((cell) => cell.replace(/^\| |[`|]/g, '').trim()),
);

/** As the document has them: name, kind, unit, the last words of the attributes. */
async function recorded(): Promise<string[][]> {
  const reader = new OnDemandReader();
  const stop = recordMetrics(new MeterProvider({ readers: [reader] }).getMeter('test'));
  record({ type: 'exceeded', side: 'server', transport: 'http', inherited: true });
  for (const type of ['rejected', 'cancelled'] as const) record({ type, side: 'server', transport: 'http' });
  record({ type: 'exceeded-downstream', side: 'client', transport: 'http' });
  record({ type: 'detached', side: 'client', transport: 'http' });
  for (const type of ['unadopted', 'foreign'] as const) record({ type });
  record({ type: 'delayed', transport: 'http' });
  record({ type: 'refused', transport: 'http', reason: 'time' });
  record({ type: 'malformed', field: 'timebudget' });
  record({ type: 'baggage-dropped', direction: 'inbound', reason: 'invalid' });
  for (const moment of ['received', 'served'] as const) measure(moment, { budget: 100, spent: 50 }, 'http');
  measure('waiting', 1, 'http');
  measure('waited', 5, 'http');
  stop();
  const { resourceMetrics } = await reader.collect();
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
    metrics.map(({ descriptor: { name, unit }, dataPointType, dataPoints, ...metric }) => {
      const attributes = Object.keys(dataPoints[0]?.attributes ?? {}).map((key) => key.replace('deadline.', ''));
      return [
        name,
        dataPointType !== DataPointType.SUM
          ? 'histogram'
          : 'isMonotonic' in metric && metric.isMonotonic
            ? 'counter'
            : 'up-down counter',
        unit,
        attributes.join(', ') || 'none',
      ];
    }),
  );
}

test('the table of metrics lists what is recorded', async () => {
  const metrics = rows.filter((cells) => cells.length === 5).map((cells) => cells.slice(0, 4));
  expect(metrics.sort()).toEqual((await recorded()).sort());
});

test('the queries ask for metrics that are recorded', async () => {
  const names = (await recorded()).map(([name = '']) => name.replaceAll('.', '_'));
  const asked = Array.from(document.matchAll(/\b(deadline_\w+?)(?:_total|_bucket)\b/g), ([, name = '']) => name);
  expect(asked.length).toBeGreaterThan(2);
  expect(asked.filter((name) => !names.includes(name))).toEqual([]);
});
