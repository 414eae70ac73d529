// A CommonJS module in both builds. `require` is synchronous, which `--require` needs, and a missing package can be
// caught, which a static import doesn't allow.
import api = require('@opentelemetry/api');

/** The copy of the API that `require` returns. SDK 3 has another copy for `import`. */
const requiredApi: Pick<typeof api, 'context' | 'propagation' | 'metrics' | 'trace' | 'diag'> = api;

/**
 * The exports of a package, as seen from this package or from the application; `undefined` when it is not installed.
 */
function installed(name: string): Record<string, unknown> | undefined {
  try {
    return require(require.resolve(name, { paths: [__dirname, process.cwd()] }));
  } catch {
    return undefined;
  }
}

/**
 * The exports of "./instrumentation".
 *
 * @throws when a package that it needs is not installed
 */
function instrumentation(): typeof import('../instrumentation/index.js', { with: { 'resolution-mode': 'import' }}) {
  return require('../instrumentation/index.js');
}

/** The instrumentation must not warn again of a propagator without deadlines. @throws as {@link instrumentation} */
function expectNoPropagator(): void {
  require('../instrumentation/hooks/expect-propagator.js').expectNoPropagator();
}

export = { requiredApi, installed, instrumentation, expectNoPropagator };
