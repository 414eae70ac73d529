import { checkOptions, wrongType } from '../check-argument.js';

/** Options of `DeadlineSpanProcessor`. */
export interface DeadlineSpanProcessorOptions {
  /**
   * The status of an HTTP client or server span whose call has failed because the caller hung up. `'unset'`: the status
   * is UNSET, and the span has neither `error.type` nor the recorded exception, because OpenTelemetry's conventions for
   * HTTP count an intended cancel as no error. `'keep'`: the span stays as the instrumentation has recorded it. Default:
   * `'unset'`.
   */
  readonly hangUpStatus?: HangUpStatus;
}

export type HangUpStatus = 'unset' | 'keep';

export const HANG_UP_STATUSES: readonly HangUpStatus[] = ['unset', 'keep'];

/** @throws TypeError that names the option and quotes what it got */
export function resolveSpanOptions(options: DeadlineSpanProcessorOptions = {}): Required<DeadlineSpanProcessorOptions> {
  checkOptions('DeadlineSpanProcessor options', options, ['hangUpStatus']);
  const { hangUpStatus = 'unset' } = options;
  if (!HANG_UP_STATUSES.includes(hangUpStatus)) throw wrongType('hangUpStatus', "'unset' or 'keep'", hangUpStatus);
  return { hangUpStatus };
}
