// Makes the calls of one run: a closed loop that warms both sides up, then what is measured.
const { setTimeout: delay } = require('node:timers/promises');
const { answerWith, tell } = require('../../enforcement/services/runner-link.cjs');
const { callers } = require('./callers.cjs');
const { POLL } = require('./long-poll.cjs');
const { pseudoRandom } = require('./pseudo-random.cjs');

const HEALTH_EVERY_MS = 50;
const HEALTH_PATIENCE_MS = 2_000;
/** The time in which `served` counts the arrivals together, in ms. */
const SLOT_MS = 500;

/** @type {import('../run-cell.js').Job} */
const job = JSON.parse(process.env.JOB);
const makeCall = callers[job.over](job);

async function run() {
  await closedLoop('warm-up', job.warmUp);
  if (job.closedLoop !== undefined) return { perSecond: await bestRound(job.closedLoop) };
  const health = job.health ? checkHealth() : undefined;
  const result = await openLoop();
  return { ...result, health: await health?.stop() };
}

/** The answers a second in the best of some rounds: what else runs on the machine disturbs them one by one. */
async function bestRound({ rounds, ...loop }) {
  let best = 0;
  for (let i = 0; i < rounds; i++) best = Math.max(best, await closedLoop('call', loop));
  return best;
}

/** The answers a second for callers that call again when they have been answered. */
async function closedLoop(name, { callers: count, seconds }) {
  const start = performance.now();
  let answers = 0;
  const caller = async () => {
    while (performance.now() - start < seconds * 1e3) {
      const outcome = await new Promise((done) => makeCall({ name, budget: 60_000, patience: 60_000 }, done));
      if (outcome !== 'good') throw new Error(`a ${name} of a closed loop: ${outcome}`);
      answers++;
    }
  };
  await Promise.all(Array.from({ length: count }, caller));
  return answers / ((performance.now() - start) / 1e3);
}

/** Calls whose arrivals do not depend on the answers. */
async function openLoop() {
  const random = pseudoRandom(job.seed);
  const log = new CallLog(performance.now());
  for (const at of arrivals(random)) {
    const due = log.start + at;
    const early = due - performance.now();
    if (early > 0) await delay(early);
    log.arrive(due, pick(random()));
  }
  await log.settled();
  return log.result();
}

/**
 * The times of a Poisson process, in ms. When their number is given, they are uniformly distributed: so each run has as
 * many calls as its load says.
 */
function* arrivals(random) {
  let start = 0;
  for (const { perSecond, seconds } of job.phases) {
    const times = Array.from({ length: Math.round(perSecond * seconds) }, () => start + random() * seconds * 1e3);
    yield* times.sort((a, b) => a - b);
    start += seconds * 1e3;
  }
}

/** The index of a caller, by the shares. */
function pick(random) {
  const sum = job.callers.reduce((total, { share }) => total + share, 0);
  let rest = random * sum;
  return job.callers.findIndex(({ share }) => {
    rest -= share;
    return rest < 0;
  });
}

class CallLog {
  #open = 0;
  #idle = () => {};
  #lags = [];
  #latencies = [];
  #refused = 0;
  #failed = 0;
  #kinds = job.callers.map(() => ({ sent: 0, good: 0 }));
  /** By the time of the arrival, in slots: how many calls have arrived, and how many of them were answered in time. */
  #slots = [];
  /** By the second of the answer. */
  #answers = [];

  constructor(start) {
    this.start = start;
  }

  arrive(due, index) {
    const now = performance.now();
    this.#lags.push(Math.max(0, now - due));
    const number = Math.floor((due - this.start) / SLOT_MS);
    while (this.#slots.length <= number) this.#slots.push({ sent: 0, good: 0 });
    const counted = [this.#kinds[index], this.#slots[number]];
    for (const count of counted) count.sent++;
    this.#open++;
    this.#attempt(job.callers[index], job.retries, (good) => {
      if (good) for (const count of counted) count.good++;
      if (--this.#open === 0) this.#idle();
    });
  }

  #attempt(caller, retries, ended) {
    const from = performance.now();
    const { budget, patience, polls } = caller;
    makeCall({ name: polls ? POLL : 'call', budget, patience }, (outcome) => {
      const now = performance.now();
      // An answer may be read before the timer of the caller runs, which is late.
      const good = outcome === 'good' && now - from <= patience;
      if (good) {
        this.#latencies.push(now - from);
        const second = Math.floor((now - this.start) / 1e3);
        this.#answers[second] = (this.#answers[second] ?? 0) + 1;
      } else if (outcome === 'refused') this.#refused++;
      else if (outcome === 'failed') this.#failed++;
      if (good || retries === 0) ended(good);
      else setTimeout(() => this.#attempt(caller, retries - 1, ended), job.retryAfter);
    });
  }

  /** Resolves when all callers have been answered or have hung up. */
  settled() {
    if (this.#open === 0) return;
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  result() {
    return {
      lags: this.#lags,
      latencies: this.#latencies,
      refused: this.#refused,
      failed: this.#failed,
      kinds: this.#kinds,
      slots: this.#slots,
      answers: Array.from(this.#answers, (count) => count ?? 0),
    };
  }
}

/** One health check at a time, each on a new connection. */
function checkHealth() {
  const makeCheck = callers.http({ port: job.port });
  const latencies = [];
  let stopped = false;
  const checks = async () => {
    while (!stopped) {
      const start = performance.now();
      await new Promise((done) => makeCheck({ name: 'health', patience: HEALTH_PATIENCE_MS }, done));
      latencies.push(performance.now() - start);
      await delay(HEALTH_EVERY_MS);
    }
    return latencies;
  };
  const ended = checks();
  return {
    stop() {
      stopped = true;
      return ended;
    },
  };
}

answerWith({
  start() {
    void run().then((result) => tell('result', result));
  },
});
tell('listening');
