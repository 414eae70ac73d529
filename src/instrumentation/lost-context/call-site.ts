import { diag } from '@opentelemetry/api';

/** How many frames of the application's are shown. */
const MAX_FRAMES = 3;

/** How deep they are looked for, below those of clients and instrumentations. */
const MAX_DEPTH = 50;

/** How many places are remembered. Code has so many of them; what is generated anew all the time may have more. */
const MAX_SITES = 1_000;

/** The folder of the instrumentation, in the form in which stack frames name it. */
const HERE = /(\S*[/\\])lost-context[/\\]call-site\.[cm]?[jt]s/.exec(new Error().stack ?? '')?.[1]?.replace(/^\(/, '');

const reported = new Set<string>();

/** Logs `warning` and the place in the application that the call came from, once for each place. */
export function warnOfCallSite(warning: string): void {
  const site = applicationFrames().join('\n');
  if (reported.has(site) || reported.size >= MAX_SITES) return;
  reported.add(site);
  diag.warn(site === '' ? `${warning} outside of the application's own code.` : `${warning}\n${site}`);
}

function applicationFrames(): string[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = MAX_DEPTH;
  const { stack } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  // An application may have its own way of preparing stacks.
  const lines = typeof stack === 'string' ? stack.split('\n') : [];
  return lines.filter(isOfApplication).slice(0, MAX_FRAMES);
}

function isOfApplication(line: string): boolean {
  if (!/^\s+at /.test(line) || /[(\s]node:|[/\\]node_modules[/\\]|<anonymous>\)?$/.test(line)) return false;
  return HERE === undefined || !line.includes(HERE);
}
