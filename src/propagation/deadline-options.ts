import { checkDuration, checkNumber, checkOptions, wrongType } from '../check-argument.js';
import { type DeadlineFormat, NO_DEADLINE } from '../wire/formats/deadline-format.js';
import { timebudget } from '../wire/formats/timebudget.js';

/** Options of `DeadlinePropagator`, and of `createPropagator` under `deadline`. */
export interface DeadlinePropagatorOptions {
  /**
   * The formats that `extract` reads. If several headers are present the smallest budget counts. Default:
   * `[timebudget]`.
   */
  readonly extract?: readonly DeadlineFormat[];
  /** The formats that `inject` writes, all of them. Default: `[timebudget]`. */
  readonly inject?: readonly DeadlineFormat[];
  /**
   * The longest budget that is accepted from a caller, in ms, 0 or more. A longer budget is reduced to it. Default: no
   * limit.
   */
  readonly maxBudget?: number;
  /**
   * The part of the remaining time that is not propagated, so that this service can still answer in time when the
   * called service has used its whole budget. A fraction of the remaining time (0 or more, below 1), or ms (5 or more).
   * Default: 0.
   *
   * A number from 1 to below 5 is refused: it was meant as a percentage, or it is too little time to answer in.
   */
  readonly reserve?: number;
}

/** The options with defaults. `reserve`: a fraction if it is below 1, else ms. */
export type DeadlineSettings = Required<DeadlinePropagatorOptions>;

/** @throws TypeError or RangeError that names the option and quotes what it got */
export function resolveDeadlineOptions(options: DeadlinePropagatorOptions = {}): DeadlineSettings {
  checkOptions('deadline options', options, ['extract', 'inject', 'maxBudget', 'reserve']);
  const { extract = [timebudget], inject = [timebudget], maxBudget = NO_DEADLINE, reserve = 0 } = options;
  checkFormats('extract', extract);
  checkFormats('inject', inject);
  checkDuration('maxBudget', maxBudget);
  checkNumber(
    'reserve',
    'a fraction below 1, or ms from 5 on',
    reserve,
    (kept) => (kept >= 0 && kept < 1) || (kept >= 5 && Number.isFinite(kept)),
  );
  return { extract: [...extract], inject: [...inject], maxBudget, reserve };
}

function checkFormats(option: string, formats: unknown): void {
  if (!Array.isArray(formats)) throw wrongType(option, 'an array of formats', formats);
  for (const format of formats) if (typeof format?.parse !== 'function') throw wrongType(option, 'a format', format);
}
