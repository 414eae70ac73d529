import type { Context } from '@opentelemetry/api';
import { abortSignal, throwIfExceeded } from '../../../src/context/context-deadline.js';

/** The signal of `context`, where there must be one. */
export function signalIn(context: Context | undefined): AbortSignal {
  const signal = abortSignal(context);
  if (signal === undefined) throw new Error('there is no signal');
  return signal;
}

/** What `throwIfExceeded` throws; `undefined` when it does not. */
export function reasonIn(context: Context | undefined): unknown {
  try {
    throwIfExceeded(context);
    return undefined;
  } catch (reason) {
    return reason;
  }
}
