import type { TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator } from '@opentelemetry/core';
import { BoundedBaggagePropagator } from '../propagation/baggage/propagator.js';
import type { PropagatorOptions } from '../propagation/create-propagator.js';
import { DeadlinePropagator } from '../propagation/deadline-propagator.js';
import { onePass } from '../propagation/one-pass.js';
import { TraceContextPropagator } from '../propagation/trace-context/propagator.js';
import type { RegisterSettings } from './environment.js';

/** Returns the exports of a package; `undefined` when it is not installed. */
export type Installed = (name: string) => Record<string, unknown> | undefined;

/** A propagator of OpenTelemetry that has a package of its own. */
interface Packaged {
  readonly package: string;
  readonly className: string;
  readonly options?: object;
}

/** The names in OpenTelemetry's specification of environment variables that are not in {@link OURS}. */
const PACKAGED = new Map<string, Packaged>([
  ['b3', { package: '@opentelemetry/propagator-b3', className: 'B3Propagator' }],
  // B3InjectEncoding.MULTI_HEADER
  ['b3multi', { package: '@opentelemetry/propagator-b3', className: 'B3Propagator', options: { injectEncoding: 1 } }],
  ['jaeger', { package: '@opentelemetry/propagator-jaeger', className: 'JaegerPropagator' }],
  ['xray', { package: '@opentelemetry/propagator-aws-xray', className: 'AWSXRayPropagator' }],
  ['ottrace', { package: '@opentelemetry/propagator-ot-trace', className: 'OTTracePropagator' }],
]);

const OURS = new Map<string, (options: PropagatorOptions) => TextMapPropagator>([
  ['tracecontext', () => new TraceContextPropagator()],
  ['baggage', ({ baggage }) => new BoundedBaggagePropagator(baggage)],
  ['deadline', ({ deadline }) => new DeadlinePropagator(deadline)],
]);

/**
 * The propagator for the names in `OTEL_PROPAGATORS`; `undefined` when there is none, or the names include `none`.
 *
 * @param warn called for each name without a propagator, which is ignored
 */
export function propagatorFor(
  { propagators: names, propagator: options }: RegisterSettings,
  installed: Installed,
  warn: (message: string) => void,
): TextMapPropagator | undefined {
  if (names.includes('none')) return undefined;
  const propagators: TextMapPropagator[] = [];
  for (const name of names) {
    const propagator = OURS.get(name)?.(options) ?? fromPackage(name, installed);
    if (propagator === undefined) warn(reasonForNone(name));
    else propagators.push(propagator);
  }
  return propagators.length === 0 ? undefined : combined(propagators);
}

function combined(propagators: readonly TextMapPropagator[]): TextMapPropagator {
  const find = <T extends TextMapPropagator>(Class: abstract new () => T) =>
    propagators.find((propagator) => propagator instanceof Class) as T | undefined;
  const [trace, baggage, deadline] = [
    find(TraceContextPropagator),
    find(BoundedBaggagePropagator),
    find(DeadlinePropagator),
  ];
  const ours: (TextMapPropagator | undefined)[] = [trace, baggage, deadline];
  // Of two propagators that set the span, the one that is named last must win: those of others keep their places.
  return propagators.every((propagator) => ours.includes(propagator))
    ? onePass(trace, baggage, deadline)
    : new CompositePropagator({ propagators: [...propagators] });
}

function fromPackage(name: string, installed: Installed): TextMapPropagator | undefined {
  const packaged = PACKAGED.get(name);
  if (packaged === undefined) return undefined;
  const Propagator = installed(packaged.package)?.[packaged.className];
  if (typeof Propagator !== 'function') return undefined;
  return Reflect.construct(Propagator, packaged.options ? [packaged.options] : []);
}

function reasonForNone(name: string): string {
  const packaged = PACKAGED.get(name);
  if (packaged !== undefined) return `OTEL_PROPAGATORS: "${name}" needs ${packaged.package}, which is not installed`;
  const known = [...OURS.keys(), ...PACKAGED.keys(), 'none'].join(', ');
  return `OTEL_PROPAGATORS: unknown name "${name}" is ignored: expected ${known}`;
}
