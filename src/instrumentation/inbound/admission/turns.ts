import { setImmediate as immediate, setTimeout as timeout } from 'node:timers';

/**
 * The timers as they were when this file was loaded: the fake ones of a test runner stand still until the test moves
 * them, and would hold back each request.
 */
export const nextTurn: (turn: () => void) => void = immediate;
export const wakeAfter: (wake: () => void, ms: number) => NodeJS.Timeout = timeout;

/** Whether the timers were faked already when this file was loaded. */
export const areTimersFaked = 'clock' in immediate;
