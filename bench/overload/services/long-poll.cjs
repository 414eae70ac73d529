/** The name of a call whose handler only waits, as a server does that has no news yet. */
exports.POLL = 'poll';
exports.POLL_STEPS = [{ wait: 300 }];
