/** The time in ms on the monotonic clock of the machine, which all its processes share. */
exports.clock = () => Number(process.hrtime.bigint()) / 1e6;
