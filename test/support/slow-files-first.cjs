const { readFileSync } = require('node:fs');
const { default: Sequencer } = require('@jest/test-sequencer');

/** What starts processes takes longest, and its files don't show that: they are short. */
const STARTS_PROCESSES = /child-process|-processes|\/(processes|chain|app|hops|user-directory|code-blocks)\.js'/;

/** Slow files first, so that no worker is left alone with one at the end; also where jest has not seen them before. */
module.exports = class SlowFilesFirst extends Sequencer {
  sort(tests) {
    const slow = new Set(tests.filter(({ path }) => STARTS_PROCESSES.test(readFileSync(path, 'utf8'))));
    const sorted = super.sort(tests);
    // Where all durations are known, they say more.
    if (tests.every(({ duration }) => duration !== undefined)) return sorted;
    return [...sorted.filter((test) => slow.has(test)), ...sorted.filter((test) => !slow.has(test))];
  }
};
