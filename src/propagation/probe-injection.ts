import { type Context, propagation, type TextMapPropagator } from '@opentelemetry/api';
import type { DeadlineSetter, DeadlineWriter } from './deadline-setter.js';

/** What an injection would write of a deadline. */
export interface InjectionProbe {
  /** In whole ms; `Infinity`: there is no deadline. */
  readonly budget: number;
  /** The propagators that would write it: one, or several in a composite. */
  readonly writers: readonly DeadlineWriter[];
}

/**
 * Finds out what a propagator would write of the deadline in `context`. Writes nothing, and never throws.
 *
 * @param propagator default: the registered one
 * @returns `undefined` when no propagator of ours is part of it
 */
export function probeInjection(
  context: Context,
  propagator: Pick<TextMapPropagator, 'inject'> = propagation,
): InjectionProbe | undefined {
  const probe = new Probe();
  try {
    propagator.inject(context, probe, SETTER);
  } catch {
    // The injection itself fails in the same way, and is where the failure is reported.
  }
  return probe.writers.length === 0 ? undefined : probe;
}

class Probe implements InjectionProbe {
  budget = Number.POSITIVE_INFINITY;
  readonly writers: DeadlineWriter[] = [];
}

const SETTER: DeadlineSetter<Probe> = {
  set() {},
  setDeadline(probe, budget, writer) {
    probe.budget = budget;
    probe.writers.push(writer);
  },
};
