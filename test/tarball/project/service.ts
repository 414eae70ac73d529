import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Context, context, ROOT_CONTEXT } from '@opentelemetry/api';
import {
  abortSignal,
  Deadline,
  type DeadlineExceededError,
  getDeadline,
  isDeadlineExceeded,
  remainingTime,
  setDeadline,
  withTimeout,
} from 'opentelemetry-propagator-deadline';
import {
  DeadlineInstrumentation,
  type DeadlineInstrumentationConfig,
} from 'opentelemetry-propagator-deadline/instrumentation';
import { DeadlineSpanProcessor } from 'opentelemetry-propagator-deadline/telemetry';

// What the types say of the whole surface that a service touches; none of it changes what the service does.
export const config: DeadlineInstrumentationConfig = { enabled: false, server: { defaultBudget: 10_000 } };
export const instrumentation = new DeadlineInstrumentation(config);
export const processor = new DeadlineSpanProcessor();
export const narrowed: Context = setDeadline(ROOT_CONTEXT, Deadline.after(1000));
export const left: number = remainingTime(narrowed);
export const signal: AbortSignal | undefined = abortSignal(narrowed);
export const deadline: Deadline | undefined = getDeadline(narrowed);
export const answer: Promise<number> = withTimeout(
  1000,
  async (inner: Context) => remainingTime(inner),
  context.active(),
);
export const budgetOf = (error: DeadlineExceededError): number => error.budget;

interface Report {
  readonly handled: number;
  readonly field: string | string[] | undefined;
  readonly remaining: number;
  readonly called?: unknown;
  readonly failure?: { readonly exceeded: boolean };
}

let handled = 0;

/** As handler.cjs. */
async function handle(request: http.IncomingMessage): Promise<Report | undefined> {
  handled++;
  const own: Report = { handled, field: request.headers.timebudget, remaining: remainingTime() };
  const [path, url = ''] = (request.url ?? '').split('?');
  if (path === '/never') return undefined;
  if (path !== '/call') return own;
  await pause(50);
  try {
    return { ...own, called: await (await fetch(url)).json() };
  } catch (error) {
    return { ...own, failure: { exceeded: isDeadlineExceeded(error) } };
  }
}

const server = http.createServer((request, response) => {
  handle(request).then(
    (report) => report && response.setHeader('content-type', 'application/json').end(JSON.stringify(report)),
    (error: unknown) => response.destroy(error as Error),
  );
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
