// A CommonJS module in both builds: `require` works at once, which `--require` needs, and what is not there can be
// caught, which a static import does not allow.
import api = require('@opentelemetry/api');

/** The copy of the api that `require` gets: SDK 3 has another one for `import`. */
const requiredApi: Pick<typeof api, 'context' | 'propagation' | 'metrics' | 'trace' | 'diag'> = api;

/** What a package exports; `undefined` when it is not installed, neither beside this package nor for the application. */
function installed(name: string): Record<string, unknown> | undefined {
  try {
    return require(require.resolve(name, { paths: [__dirname, process.cwd()] }));
  } catch {
    return undefined;
  }
}

/** "./instrumentation". @throws when a package that it needs is not installed */
function instrumentation(): typeof import('../instrumentation/index.js', { with: { 'resolution-mode': 'import' }}) {
  return require('../instrumentation/index.js');
}

export = { requiredApi, installed, instrumentation };
