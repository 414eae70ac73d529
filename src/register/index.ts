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
import type { DeadlineInstrumentation } from '../instrumentation/index.js';
import { type RegisterSettings, readEnvironment } from './environment.js';
import installed from './installed.cjs';
import { type Operator, operator } from './operator.js';
import { propagatorFor } from './propagators.js';
import { type Api, SdkStart } from './sdk-start.js';
import { showDeadlines } from './traces.js';

register(process.env);

/** Sets up deadlines as the environment variables say, before an SDK starts. */
function register(env: NodeJS.ProcessEnv): void {
  const log = operator(env.OTEL_LOG_LEVEL);
  const complaints: string[] = [];
  const settings = readEnvironment(env, (message) => complaints.push(message));
  if (settings.disabled) return;
  for (const complaint of complaints) log.error(complaint);
  const sdk = new SdkStart(apis());
  const late = sdkHasStarted();
  registerPropagator(settings, late, sdk, log);
  if (settings.instrumentation !== undefined) instrument(settings, late, sdk, log);
}

/** The copy of the API that this module has imported, and the one that `require` returns, if that is another one. */
function apis(): Iterable<Api> {
  // The cast: two copies have two sets of classes with private members, which TypeScript holds for different types.
  const required = installed.requiredApi as unknown as Api;
  const ours = { context, propagation, metrics, trace, diag };
  return required.propagation === propagation ? [ours] : [ours, required];
}

function registerPropagator(settings: RegisterSettings, late: boolean, sdk: SdkStart, { warn }: Operator): void {
  const propagator = propagatorFor(settings, installed.installed, warn);
  if (propagator === undefined) return;
  const { propagators: names } = settings;
  if (!names.includes('deadline')) {
    warn('OTEL_PROPAGATORS does not name "deadline", so no deadline is sent or read: add it');
  }
  if (late) {
    warn('loaded after OpenTelemetry has started, so its propagator is replaced now: load this package first');
    propagation.disable();
  }
  propagation.setGlobalPropagator(propagator);
  sdk.keep(propagator, warn);
  sdk.answerFor(names);
}

/** Whether a context manager or a propagator is registered. Every SDK registers a context manager. */
function sdkHasStarted(): boolean {
  const key = createContextKey('is kept');
  const isKept = context.with(ROOT_CONTEXT.setValue(key, true), () => context.active().getValue(key) === true);
  return isKept || propagation.fields().length > 0;
}

/**
 * Starts enforcement, metrics and traces when the SDK starts. Not earlier: our instrumentation hooks `require`. If it
 * did so before the SDK, modules that the SDK loads before its own instrumentations would never be seen by these.
 */
function instrument(settings: RegisterSettings, late: boolean, sdk: SdkStart, log: Operator): void {
  const Instrumentation = loadInstrumentation(log);
  if (Instrumentation !== undefined && !settings.propagators.includes('deadline')) installed.expectNoPropagator();
  let instrumentation: DeadlineInstrumentation | undefined;
  const enable = () => {
    if (Instrumentation !== undefined) instrumentation ??= new Instrumentation(settings.instrumentation);
  };
  if (late) {
    enable();
    const provider = trace.getTracerProvider() as Partial<ProxyTracerProvider>;
    if (provider.getDelegate) showDeadlines(provider.getDelegate(), settings.spans);
  }
  sdk.onStart(enable);
  sdk.onMeterProvider((provider) => instrumentation?.setMeterProvider(provider));
  sdk.onTracerProvider((provider) => showDeadlines(provider, settings.spans));
}

/** Loads the instrumentation now: `require` may fail later, while other modules are being imported. */
function loadInstrumentation({ error }: Operator): typeof DeadlineInstrumentation | undefined {
  try {
    return installed.instrumentation().DeadlineInstrumentation;
  } catch (failure) {
    error(`deadlines are propagated but not enforced: ${reasonFor(failure)}`);
    return undefined;
  }
}

function reasonFor(failure: unknown): string {
  const { code, message } = failure as NodeJS.ErrnoException;
  // MODULE_NOT_FOUND of `require`, ERR_MODULE_NOT_FOUND of `import`.
  if (code?.endsWith('MODULE_NOT_FOUND')) return 'install @opentelemetry/instrumentation';
  return String(message).split('\n', 1)[0] as string;
}
