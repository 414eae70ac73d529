/** Callers who hang up after the time that they give. */
export const WAITING = [{ budget: 200 }];
export const CPU_10 = [[{ cpu: 10 }]];

/**
 * The same share of what can be done at 2x and at 4x, unless the second is given.
 *
 * @returns {import('../scene.js').Target}
 */
export const target = (nobody, atTwice, atFour = atTwice) => ({ good: { 2: atTwice, 4: atFour }, nobody });
export const CPU_TARGET = target(0.02, 0.88, 0.82);
