import { CPU_10, target, WAITING } from './standard.js';

/** @type {import('../scene.js').Scene[]} how the calls come */
export const TRANSPORTS = [
  {
    name: 'https',
    title: 'CPU 10 ms, https, kept connections',
    services: CPU_10,
    callers: WAITING,
    over: 'https',
    kept: true,
    target: target(0.03, 0.85),
    smoke: true,
  },
  {
    name: 'http2',
    title: 'CPU 10 ms, http2',
    services: CPU_10,
    callers: WAITING,
    over: 'http2',
    seconds: 3,
    target: target(0.03, 0.85),
    smoke: true,
  },
  {
    name: 'grpc',
    title: 'CPU 10 ms, gRPC',
    services: CPU_10,
    callers: WAITING,
    over: 'grpc',
    seconds: 3,
    target: target(0.03, 0.85),
    smoke: true,
  },
];
