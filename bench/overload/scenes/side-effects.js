import { CPU_10, WAITING } from './standard.js';

/** @type {import('../scene.js').Scene[]} what must not suffer */
export const SIDE_EFFECTS = [
  {
    name: 'health',
    title: 'CPU 10 ms, and health checks',
    services: CPU_10,
    callers: WAITING,
    health: true,
    loads: [2],
    target: { health: 100 },
    smoke: true,
  },
  {
    name: 'long-polls',
    title: '0.8x, and long polls of 300 ms',
    services: CPU_10,
    callers: [
      { budget: 200, share: 2 },
      { polls: true, patience: 3_000, share: 1 },
    ],
    // The polls need no time of the process, so all can be served.
    loads: [1.2],
    seconds: 8,
    target: { each: { 1.2: 0.95 } },
  },
  {
    name: 'idle',
    title: 'CPU 10 ms, 2,000 calls',
    services: CPU_10,
    callers: WAITING,
    loads: [0.5],
    seconds: 10,
    calls: 2_000,
    target: { p99Ratio: 1.1, nobody: 0 },
  },
  {
    name: 'saturated',
    title: 'an empty handler, saturated',
    services: [[]],
    callers: [{ budget: 60_000 }],
    kept: true,
    closedLoop: 64,
    target: { throughput: 1 },
  },
];
