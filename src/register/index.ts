import {
  context,
  createContextKey,
  diag,
  metrics,
  type ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import type { DeadlineInstrumentation, DeadlineInstrumentationConfig } from '../instrumentation/index.js';
import { type RegisterSettings, readEnvironment } from './environment.js';
import installed from './installed.cjs';
import { type Operator, operator } from './operator.js';
import { propagatorFor } from './propagators.js';
import { type Api, SdkStart } from './sdk-start.js';
import { showDeadlines } from './traces.js';

register(process.env);

/** Sets deadlines up by the environment, for an SDK that starts after this. */
function register(env: NodeJS.ProcessEnv): void {
  const told = operator(env.OTEL_LOG_LEVEL);
  const complaints: string[] = [];
  const settings = readEnvironment(env, (message) => complaints.push(message));
  if (settings.disabled) return;
  for (const complaint of complaints) told.error(complaint);
  const sdk = new SdkStart(apis());
  const late = sdkHasStarted();
  registerPropagator(settings, late, sdk, told);
  if (settings.instrumentation !== undefined) instrument(settings.instrumentation, late, sdk, told);
}

/** The copy of the api that we have, and the one that `require` gets, which may be the same. */
function apis(): Iterable<Api> {
  // Where there are two copies, each has classes with private members of its own, and so types of its own.
  const required = installed.requiredApi as unknown as Api;
  const ours = { context, propagation, metrics, trace, diag };
  return required.propagation === propagation ? [ours] : [ours, required];
}

function registerPropagator(settings: RegisterSettings, late: boolean, sdk: SdkStart, { warn }: Operator): void {
  const propagator = propagatorFor(settings, installed.installed, warn);
  if (propagator === undefined) return;
  const { propagators: names } = settings;
  if (!names.includes('deadline')) {
    warn('OTEL_PROPAGATORS does not name "deadline": no deadline is sent or read');
  }
  if (late) {
    warn('loaded after OpenTelemetry has started, whose propagator it replaces now: load it first');
    propagation.disable();
  }
  propagation.setGlobalPropagator(propagator);
  sdk.keep(propagator, warn);
  sdk.answerFor(names);
}

/** Every SDK registers a context manager. */
function sdkHasStarted(): boolean {
  const key = createContextKey('is kept');
  const isKept = context.with(ROOT_CONTEXT.setValue(key, true), () => context.active().getValue(key) === true);
  return isKept || propagation.fields().length > 0;
}

/**
 * Enforcement, metrics and traces, from the start of the SDK on. Not before: an instrumentation hooks `require`, and what
 * the SDK itself loads under that hook, before its own instrumentations are there, would never be seen by them.
 */
function instrument(config: DeadlineInstrumentationConfig, late: boolean, sdk: SdkStart, told: Operator): void {
  const Instrumentation = loadInstrumentation(told);
  let instrumentation: DeadlineInstrumentation | undefined;
  const enable = () => {
    if (Instrumentation !== undefined) instrumentation ??= new Instrumentation(config);
  };
  if (late) {
    enable();
    const provider = trace.getTracerProvider() as Partial<ProxyTracerProvider>;
    if (provider.getDelegate) showDeadlines(provider.getDelegate());
  }
  sdk.onStart(enable);
  sdk.onMeterProvider((provider) => instrumentation?.setMeterProvider(provider));
  sdk.onTracerProvider(showDeadlines);
}

/** At once: while other modules are being imported it may not be possible. */
function loadInstrumentation({ error }: Operator): typeof DeadlineInstrumentation | undefined {
  try {
    return installed.instrumentation().DeadlineInstrumentation;
  } catch (failure) {
    error(`nothing is enforced, deadlines only travel: ${reasonFor(failure)}`);
    return undefined;
  }
}

function reasonFor(failure: unknown): string {
  const { code, message } = failure as NodeJS.ErrnoException;
  // `require` and `import` have a code each.
  if (code?.endsWith('MODULE_NOT_FOUND')) return 'install @opentelemetry/instrumentation';
  return String(message).split('\n', 1)[0] as string;
}
