import { CPU_10, target, WAITING } from './standard.js';

/** @type {import('../scene.js').Scene[]} who calls */
export const CALLERS = [
  {
    name: 'quarter-without',
    title: 'CPU 10 ms, a quarter sends no budget',
    services: CPU_10,
    callers: [
      { budget: 200, share: 3 },
      { patience: 1_000, share: 1 },
    ],
    loads: [2, 4],
    target: target(0.03, 0.85),
  },
  {
    name: 'half-without',
    title: 'CPU 10 ms, a half sends no budget',
    services: CPU_10,
    callers: [{ budget: 200 }, { patience: 1_000 }],
    loads: [2, 4],
    target: target(0.03, 0.85),
  },
  {
    name: 'mixed-budgets',
    title: 'CPU 10 ms, budgets 100, 200, 1000 ms',
    services: CPU_10,
    callers: [{ budget: 100 }, { budget: 200 }, { budget: 1_000 }],
    loads: [2, 4],
    // At 4x nobody can give a third to each.
    target: { ...target(0.03, 0.85), each: { 2: 1 / 3 } },
  },
  {
    name: 'tiny-budgets',
    title: '0.5x, and 3.5x with 1 ms',
    services: CPU_10,
    callers: [
      { budget: 200, share: 1 },
      { budget: 1, patience: 200, share: 7 },
    ],
    loads: [4],
    // The others get what they would get without the flood, but for the time that it takes to read and to refuse it.
    target: { first: { 4: 0.9 } },
  },
  {
    name: 'spent-budgets',
    title: '0.5x, and 3.5x with 0 ms',
    services: CPU_10,
    callers: [
      { budget: 200, share: 1 },
      { budget: 0, patience: 200, share: 7 },
    ],
    loads: [4],
    // The others get what they would get without the flood, but for the time that it takes to read and to refuse it.
    target: { first: { 4: 0.9 } },
  },
  {
    name: 'huge-budget',
    title: 'CPU 10 ms, 1 of 8 asks for an hour',
    services: CPU_10,
    callers: [
      { budget: 200, share: 7 },
      { budget: 3_600_000, patience: 200, share: 1 },
    ],
    loads: [2, 4],
    seconds: 8,
    target: { ...target(0.02, 0.85), gain: 1.2 },
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
    target: { recovery: 1_000 },
    smoke: true,
  },
];
