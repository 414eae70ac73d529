import { ROOT_CONTEXT } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { setDeadline } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { showDeadlines } from '../../src/register/traces.js';

test('each further provider is shown in the same way, not once more', () => {
  const providers = [1, 2, 3].map(() => new TracerProvider());
  const [first] = providers as [TracerProvider];
  showDeadlines(first);
  const tracer = first.getTracer('test');
  const { startSpan } = tracer;
  for (const provider of providers) showDeadlines(provider);
  expect(tracer.startSpan).toBe(startSpan);
  const span = tracer.startSpan('work', {}, setDeadline(ROOT_CONTEXT, Deadline.after(500)));
  const { end } = span;
  tracer.startSpan('more work').end();
  expect(span.end).toBe(end);
  span.end();
  expect((span as unknown as { attributes: object }).attributes).toMatchObject({ 'deadline.budget_ms': 500 });
});
