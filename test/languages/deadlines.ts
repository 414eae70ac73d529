/** Between the readings of two clocks on a busy machine, in ms. */
export const READING = 250;

/** What the first hop in Go, and any in Node, grants a caller who brings no deadline. */
export const GRANTED = 20_000;

/** Both in ms since the epoch, read in different processes. */
export function expectAbout(expected = Number.NaN, deadline = Number.NaN): void {
  expect(deadline).toBeGreaterThan(expected - READING);
  expect(deadline).toBeLessThan(expected + READING);
}
