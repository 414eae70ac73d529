/** ms on the machine's monotonic clock, which all its processes share. */
exports.clock = () => Number(process.hrtime.bigint()) / 1e6;
