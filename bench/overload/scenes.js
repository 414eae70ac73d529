import { CALLERS } from './scenes/callers.js';
import { SIDE_EFFECTS } from './scenes/side-effects.js';
import { TRANSPORTS } from './scenes/transports.js';
import { WORK } from './scenes/work.js';

/** @type {import('./scene.js').Scene[]} */
export const SCENES = [...WORK, ...TRANSPORTS, ...CALLERS, ...SIDE_EFFECTS];
