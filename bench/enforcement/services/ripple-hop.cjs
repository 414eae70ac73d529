// One of a chain: it waits for its call, and the last for its caller's end. None ever answers.
const { abortSignal } = require('opentelemetry-propagator-deadline');
const { clock } = require('./machine-clock.cjs');
const { answerWith, tell, tellPort } = require('./runner-link.cjs');
const { callsOver, servers } = require('./ripple-transports.cjs');

const { SERVED_OVER, CALLS_OVER, NEXT_PORT, BY_HAND } = process.env;
const call = callsOver[CALLS_OVER];

/** The calls that are served now. */
let inFlight = 0;
/** How often an outbound call ended, by the name of its error. */
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
