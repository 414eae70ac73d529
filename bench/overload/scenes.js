/**
 * @typedef {{ cpu: number } | { wait: number } | { body: true } | { call: true }} Step what a handler does: ms of CPU, ms
 *   of waiting, reading the body of the request, a call to the next service
 *
 * @typedef {object} Caller
 * @property {number} [budget] ms, sent as `timebudget`; default: the caller sends none
 * @property {number} [patience] ms until the caller hangs up; default: the budget
 * @property {number} [share] of the callers; default: 1
 *
 * @typedef {object} Scene
 * @property {string} name
 * @property {string} title
 * @property {Step[][]} services the handler of each; the callers call the first one
 * @property {Caller[]} callers
 * @property {'http' | 'https' | 'http2' | 'grpc'} [over] default: http
 * @property {boolean} [kept] whether connections are kept; default: each call makes a new one. http2 and grpc have one
 *   connection
 * @property {number[]} [loads] multiples of what stock can do; default: {@link LOADS}
 * @property {{ load: number, seconds: number }[]} [phases] loads that follow each other, in place of `loads`
 * @property {number} [seconds] of a run; default: {@link SECONDS}
 * @property {number} [calls] of a load, made in as many runs as that takes; default: one run
 * @property {number} [retries] of a call that was not answered, {@link RETRY_AFTER_MS} after its end; default: none
 * @property {boolean} [health] whether health checks on new connections go on beside the calls
 * @property {number} [closedLoop] callers that call again when they have been answered: no load is offered, the
 *   throughput is compared
 * @property {Target} target
 * @property {boolean} [smoke] whether the scene is part of a smoke run
 *
 * @typedef {object} Target
 * @property {Record<number, number>} [good] the least share of what stock can do, by load
 * @property {number} [nobody] the largest share of finished handlers whose callers have gone
 * @property {string} [extra] the target of the figure that the scene adds
 */

export const LOADS = [0.5, 1, 2, 4];
export const SECONDS = 4;
export const RETRY_AFTER_MS = 50;

const WAITING = [{ budget: 200 }];
const CPU_10 = [[{ cpu: 10 }]];

/** @type {Scene[]} */
export const SCENES = [
  {
    name: 'cpu-10',
    title: 'CPU 10 ms, budget 200 ms',
    services: CPU_10,
    callers: WAITING,
    target: { good: { 2: 0.88, 4: 0.82 }, nobody: 0.02 },
  },
  {
    name: 'cpu-10-kept',
    title: 'CPU 10 ms, kept connections',
    services: CPU_10,
    callers: WAITING,
    kept: true,
    target: { good: { 2: 0.88, 4: 0.82 }, nobody: 0.02 },
  },
  {
    name: 'cpu-10-tight',
    title: 'CPU 10 ms, budget 30 ms',
    services: CPU_10,
    callers: [{ budget: 30 }],
    loads: [1, 2],
    target: {},
  },
  {
    name: 'cpu-50',
    title: 'CPU 50 ms, budget 500 ms',
    services: [[{ cpu: 50 }]],
    callers: [{ budget: 500 }],
    seconds: 8,
    target: { good: { 2: 0.88, 4: 0.82 }, nobody: 0.02 },
  },
  {
    name: 'cpu-50-tight',
    title: 'CPU 50 ms, budget 150 ms',
    services: [[{ cpu: 50 }]],
    callers: [{ budget: 150 }],
    seconds: 8,
    loads: [1, 2],
    target: {},
  },
  {
    name: 'cpu-2',
    title: 'CPU 2 ms, new connections',
    services: [[{ cpu: 2 }]],
    callers: WAITING,
    target: {},
  },
  {
    name: 'cpu-2-kept',
    title: 'CPU 2 ms, kept connections',
    services: [[{ cpu: 2 }]],
    callers: WAITING,
    kept: true,
    target: { good: { 2: 0.75, 4: 0.6 } },
  },
  {
    name: 'post',
    title: 'POST with a body, then CPU 10 ms',
    services: [[{ body: true }, { cpu: 10 }]],
    callers: WAITING,
    target: {},
  },
  {
    name: 'wait-cpu',
    title: 'wait 20 ms, then CPU 10 ms',
    services: [[{ wait: 20 }, { cpu: 10 }]],
    callers: WAITING,
    target: {},
  },
  {
    name: 'halves',
    title: 'CPU 5 ms, wait 20 ms, CPU 5 ms',
    services: [[{ cpu: 5 }, { wait: 20 }, { cpu: 5 }]],
    callers: WAITING,
    target: {},
  },
  {
    name: 'chain',
    title: 'CPU 2 ms and a call to CPU 10 ms',
    services: [[{ cpu: 1 }, { call: true }, { cpu: 1 }], [{ cpu: 10 }]],
    callers: WAITING,
    target: {},
    smoke: true,
  },
  {
    name: 'https',
    title: 'CPU 10 ms, https, kept connections',
    services: CPU_10,
    callers: WAITING,
    over: 'https',
    kept: true,
    target: {},
    smoke: true,
  },
  {
    name: 'http2',
    title: 'CPU 10 ms, http2',
    services: CPU_10,
    callers: WAITING,
    over: 'http2',
    seconds: 3,
    target: {},
    smoke: true,
  },
  {
    name: 'grpc',
    title: 'CPU 10 ms, gRPC',
    services: CPU_10,
    callers: WAITING,
    over: 'grpc',
    seconds: 3,
    target: {},
    smoke: true,
  },
  {
    name: 'quarter-without',
    title: 'CPU 10 ms, a quarter sends no budget',
    services: CPU_10,
    callers: [
      { budget: 200, share: 3 },
      { patience: 1_000, share: 1 },
    ],
    loads: [2, 4],
    target: {},
  },
  {
    name: 'half-without',
    title: 'CPU 10 ms, a half sends no budget',
    services: CPU_10,
    callers: [{ budget: 200 }, { patience: 1_000 }],
    loads: [2, 4],
    target: {},
  },
  {
    name: 'mixed-budgets',
    title: 'CPU 10 ms, budgets 100, 200, 1000 ms',
    services: CPU_10,
    callers: [{ budget: 100 }, { budget: 200 }, { budget: 1_000 }],
    loads: [2, 4],
    target: {},
  },
  {
    name: 'retries',
    title: 'CPU 10 ms, two retries',
    services: CPU_10,
    callers: WAITING,
    retries: 2,
    phases: [
      { load: 2, seconds: 4 },
      { load: 0.5, seconds: 4 },
    ],
    target: {},
    smoke: true,
  },
  {
    name: 'health',
    title: 'CPU 10 ms, and health checks',
    services: CPU_10,
    callers: WAITING,
    health: true,
    loads: [2],
    target: {},
    smoke: true,
  },
  {
    name: 'idle',
    title: 'CPU 10 ms, 2,000 calls',
    services: CPU_10,
    callers: WAITING,
    loads: [0.5],
    seconds: 10,
    calls: 2_000,
    target: {},
  },
  {
    name: 'saturated',
    title: 'an empty handler, saturated',
    services: [[]],
    callers: [{ budget: 60_000 }],
    kept: true,
    closedLoop: 64,
    target: {},
  },
];
