/** Tells the demo's runner that a handler has stopped, now, and why. */
exports.reportStop = (error) => {
  const { code } = error.cause ?? error;
  process.send({ stop: { at: Number(process.hrtime.bigint()) / 1e6, code } });
};
