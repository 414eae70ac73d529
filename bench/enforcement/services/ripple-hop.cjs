// A service in a chain. It waits for its call, the last one for the hang-up of its caller. None ever answers.
const { abortSignal } = require('opentelemetry-propagator-deadline');
const { clock } = require('./machine-clock.cjs');
const { answerWith, tell, tellPort } = require('./runner-link.cjs');
const { callsOver, servers } = require('./ripple-transports.cjs');

const { SERVED_OVER, CALLS_OVER, NEXT_PORT, BY_HAND } = process.env;
const call = callsOver[CALLS_OVER];

/** The calls that are being served. */
let inFlight = 0;
/** The number of outbound calls that ended with an error, by its name. */
const endedBy = {};

/**
 * @param {string} run
 * @param {(hungUp: () => void) => void} onHangUp
 * @param {() => void} giveUp
 */
function serve(run, onHangUp, giveUp) {
  inFlight++;
  onHangUp(() => inFlight--);
  if (call === undefined) return reportEnd(run, onHangUp);
  const { hangUp, ended } = call(NEXT_PORT, run);
  if (BY_HAND) onHangUp(hangUp);
  ended.catch(({ cause, code, name }) => {
    const by = `${name} ${cause?.code ?? code}`;
    endedBy[by] = (endedBy[by] ?? 0) + 1;
    giveUp();
  });
}

function reportEnd(run, onHangUp) {
  const report = (code) => tell(`end ${run}`, { at: clock(), code });
  if (BY_HAND) {
    onHangUp(() => report('by hand'));
  } else {
    const signal = abortSignal();
    signal.addEventListener('abort', () => report(signal.reason.code), { once: true });
  }
  tell(`arrival ${run}`);
}

answerWith({ state: () => ({ inFlight, endedBy }) });
servers[SERVED_OVER](serve, tellPort);
