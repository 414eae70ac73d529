/**
 * @typedef {{ cpu: number } | { wait: number } | { body: true } | { call: true }} Step what a handler does: ms of CPU, ms
 *   of waiting, reading the body of the request, a call to the next service
 *
 * @typedef {object} Caller
 * @property {number} [budget] ms, sent as `timebudget`; default: the caller sends none
 * @property {number} [patience] ms until the caller hangs up; default: the budget
 * @property {number} [share] of the callers; default: 1
 * @property {boolean} [polls] whether the calls are long polls, whose handler only waits; default: false
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
 * @typedef {object} Target of the set-up that is compared with stock
 * @property {Record<number, number>} [good] the least share of what stock can do, by load
 * @property {number} [nobody] the largest share of finished handlers whose callers have gone, at the loads of `good` if
 *   there are some
 * @property {Record<number, number>} [each] the least share of its calls that each kind of caller has answered in time, by
 *   load
 * @property {Record<number, number>} [first] the same for the first kind of caller alone
 * @property {number} [gain] the largest share of the last kind of caller answered in time, in ratio to that of the first
 * @property {number} [recovery] the longest time from the fall of the load until 90 % are served, in ms
 * @property {number} [health] the largest p99 of the health checks, in ms
 * @property {number} [p99Ratio] the largest p99 in ratio to stock
 * @property {number} [throughput] the least throughput in ratio to stock
 */

export const LOADS = [0.5, 1, 2, 4];
export const SECONDS = 4;
export const RETRY_AFTER_MS = 50;
