import { checkOptions, outOfRange } from '../check-argument.js';
import { budget, databaseMode, filter, flag, predicate } from './option-values.js';
import type {
  DatabaseMode,
  DeadlineInstrumentationConfig,
  InboundCall,
  InboundRequest,
  LostContextMode,
} from './options.js';
import { type SharedCalls, sharedCalls } from './outbound/shared-calls.js';

type Inbound = InboundRequest | InboundCall;

/** The options of `DeadlineInstrumentation`, checked and complete. Predicates and functions in it never throw. */
export interface Settings {
  readonly enforce: boolean;
  readonly lostContexts: LostContextMode;
  readonly server: {
    readonly http: boolean;
    readonly http2: boolean;
    readonly grpc: boolean;
    readonly keepStatus: boolean;
    readonly admission: boolean;
    /** `undefined`: no request is answered in place of its handler. */
    readonly answer: ((request: Inbound) => boolean) | undefined;
    readonly ignore: (request: Inbound) => boolean;
    readonly trust: (request: Inbound) => boolean;
    readonly cancelOnDisconnect: (request: Inbound) => boolean;
    readonly defaultBudget: (request: Inbound) => number | undefined;
  };
  readonly client: {
    readonly http: boolean;
    readonly http2: boolean;
    readonly undici: boolean;
    readonly grpc: boolean;
    /** `undefined`: no call is ignored, so no target has to be computed. */
    readonly ignore: ((target: string) => boolean) | undefined;
    /** `undefined`: no call is shared. */
    readonly shared: SharedCalls | undefined;
  };
  readonly databases: {
    readonly pg: DatabaseMode;
  };
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws TypeError or RangeError that names the option and quotes what it got
 */
export function resolveSettings(config: DeadlineInstrumentationConfig = {}): Settings {
  checkOptions('DeadlineInstrumentation', config, OPTIONS);
  const { mode = 'enforce', lostContexts = 'off' } = config;
  // OpenTelemetry's option: the base class reads it, and takes whatever is truthy for true.
  flag('enabled', config.enabled, true);
  if (mode !== 'enforce' && mode !== 'observe') throw outOfRange('mode', "'enforce' or 'observe'", mode);
  if (lostContexts !== 'off' && lostContexts !== 'warn' && lostContexts !== 'inherit') {
    throw outOfRange('lostContexts', "'off', 'warn' or 'inherit'", lostContexts);
  }
  return {
    enforce: mode === 'enforce',
    lostContexts: lostContexts === 'inherit' && mode === 'observe' ? 'warn' : lostContexts,
    server: resolveServer(config.server),
    client: resolveClient(config.client),
    databases: resolveDatabases(config.databases),
  };
}

const OPTIONS = ['enabled', 'server', 'client', 'databases', 'mode', 'lostContexts'];
const SERVER_OPTIONS = [
  'http',
  'http2',
  'grpc',
  'ignore',
  'defaultBudget',
  'trust',
  'cancelOnDisconnect',
  'keepStatus',
  'admission',
  'answer',
];
const CLIENT_OPTIONS = ['http', 'http2', 'undici', 'grpc', 'ignore', 'shared'];
const DATABASE_OPTIONS = ['pg'];

function resolveServer(options: DeadlineInstrumentationConfig['server'] = {}): Settings['server'] {
  checkOptions('server', options, SERVER_OPTIONS);
  return {
    http: flag('server.http', options.http, true),
    http2: flag('server.http2', options.http2, true),
    grpc: flag('server.grpc', options.grpc, true),
    admission: flag('server.admission', options.admission, true),
    answer: isOff(options.answer) ? undefined : predicate('server.answer', options.answer, false, false),
    keepStatus: flag('server.keepStatus', options.keepStatus, false),
    ignore: filter('server.ignore', options.ignore) ?? (() => false),
    trust: predicate('server.trust', options.trust, true, false),
    cancelOnDisconnect: predicate('server.cancelOnDisconnect', options.cancelOnDisconnect, true, true),
    defaultBudget: budget('server.defaultBudget', options.defaultBudget),
  };
}

/** Of an option whose work is to cost nothing while it is off. */
function isOff(value: unknown): value is false | undefined {
  return value === undefined || value === false;
}

function resolveClient(options: DeadlineInstrumentationConfig['client'] = {}): Settings['client'] {
  checkOptions('client', options, CLIENT_OPTIONS);
  return {
    http: flag('client.http', options.http, true),
    http2: flag('client.http2', options.http2, true),
    undici: flag('client.undici', options.undici, true),
    grpc: flag('client.grpc', options.grpc, true),
    ignore: filter('client.ignore', options.ignore),
    shared: sharedCalls('client.shared', options.shared),
  };
}

function resolveDatabases(options: DeadlineInstrumentationConfig['databases'] = {}): Settings['databases'] {
  checkOptions('databases', options, DATABASE_OPTIONS);
  return { pg: databaseMode('databases.pg', options.pg, 'cancel') };
}
