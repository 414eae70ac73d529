import { checkDuration, checkOptions, outOfRange, wrongType } from '../argument.js';

/** Options of `DeadlinePropagator`, and of `createPropagator` under `deadline`. */
export interface DeadlinePropagatorOptions {
  /** The longest budget that is accepted from a caller, in ms, 0 or more; a longer one is cut to it. Default: no limit. */
  readonly maxBudget?: number;
  /**
   * What is kept back from the budget that is passed on, so that this hop can still answer in time when the next one
   * has used up its share: a fraction of what is left (0 or more, below 1), or ms (5 or more). Default: 0.
   *
   * From 1 to below 5 is refused: it was meant as a percentage, or it is too little to answer in.
   */
  readonly reserve?: number;
}

const MIN_RESERVE_MS = 5;

/** The options as the propagator uses them. */
export interface DeadlineSettings {
  readonly maxBudget: number;
  /** One of the two is 0. */
  readonly reserveMs: number;
  readonly reserveFraction: number;
}

/** @throws TypeError or RangeError that names the option and quotes what it got */
export function resolveDeadlineOptions(options: DeadlinePropagatorOptions = {}): DeadlineSettings {
  checkOptions('deadline options', options, ['maxBudget', 'reserve']);
  const { maxBudget = Number.POSITIVE_INFINITY, reserve = 0 } = options;
  checkDuration('maxBudget', maxBudget);
  checkReserve(reserve);
  return {
    maxBudget,
    reserveMs: reserve < 1 ? 0 : reserve,
    reserveFraction: reserve < 1 ? reserve : 0,
  };
}

function checkReserve(reserve: unknown): void {
  const expected = `a fraction below 1 or a finite number of milliseconds from ${MIN_RESERVE_MS}`;
  if (typeof reserve !== 'number') throw wrongType('reserve', expected, reserve);
  const fraction = reserve >= 0 && reserve < 1;
  const duration = reserve >= MIN_RESERVE_MS && reserve < Number.POSITIVE_INFINITY;
  if (!fraction && !duration) throw outOfRange('reserve', expected, reserve);
}
