import { context } from '@opentelemetry/api';
import { abortSignal, isDeadlineExceeded, withTimeout } from 'opentelemetry-propagator-deadline';
import type { CallResult, Way } from '../call-result.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const calls: Record<Way, (url: string, ms: number) => Promise<string>> = {
  'in fn itself': (url, ms) =>
    withTimeout(ms, async () => (await fetch(url, { signal: abortSignal() ?? null })).text()),

  'after an await': (url, ms) =>
    withTimeout(ms, async () => {
      await pause(20);
      return (await fetch(url, { signal: abortSignal() ?? null })).text();
    }),

  'after an await, in the context that fn was given': (url, ms) =>
    withTimeout(ms, async (own) => {
      await pause(20);
      const signal = abortSignal(own) ?? null;
      const response = await context.with(own, () => fetch(url, { signal }));
      return response.text();
    }),
};

/** Makes a call that may take `ms`. */
export async function call(way: Way, url: string, ms: number): Promise<CallResult> {
  const start = performance.now();
  try {
    const text = await calls[way](url, ms);
    return { text, elapsed: performance.now() - start };
  } catch (error) {
    const { name } = error as Error;
    return { error: { name, exceeded: isDeadlineExceeded(error) }, elapsed: performance.now() - start };
  }
}
