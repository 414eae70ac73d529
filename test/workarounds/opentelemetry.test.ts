import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { propagation, SpanStatusCode } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import { request } from 'undici';
import { testNeeded } from './needed.js';
import { propertyNames } from './property-names.js';

// Faults of OpenTelemetry's SDK and instrumentations, without this package.

testNeeded({ covers: 'src/register/traces.ts', fault: 'a provider that exists takes no span processor' }, () => {
  return !propertyNames(new TracerProvider()).some((name) => /^(add|register|set).*processor/i.test(name));
});

const endingSpan = { covers: 'src/telemetry/http-hang-up.ts' } as const;

testNeeded({ ...endingSpan, fault: 'a status ERROR can not be unset, and no event can be removed' }, () => {
  const span = new TracerProvider().getTracer('test').startSpan('failed');
  span.setStatus({ code: SpanStatusCode.ERROR }).setStatus({ code: SpanStatusCode.UNSET });
  const { status } = span as unknown as ReadableSpan;
  return (
    status.code === SpanStatusCode.ERROR && !propertyNames(span).some((name) => /^(remove|delete|clear)/.test(name))
  );
});

testNeeded(
  { covers: 'src/instrumentation/undici/stamp.ts', fault: 'a field that a request has is sent twice' },
  async () => {
    const received: string[] = [];
    const server = http.createServer(({ rawHeaders }, response) => {
      received.push(...rawHeaders.filter((_, index) => index % 2 === 0));
      response.end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const instrumentation = new UndiciInstrumentation();
    instrumentation.setTracerProvider(new TracerProvider());
    try {
      const headers = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
      const { body } = await request(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { headers });
      await body.dump();
    } finally {
      instrumentation.disable();
      propagation.disable();
      server.close();
      server.closeAllConnections();
    }
    return received.filter((name) => name === 'traceparent').length === 2;
  },
);
