const { status } = require('@grpc/grpc-js');

/** Reports to the demo's runner that a handler has stopped now, and why. */
exports.reportStop = (error) => {
  const { code } = error.cause ?? error;
  // The code of a gRPC status is a number.
  const word = typeof code === 'number' ? status[code] : String(code);
  process.send({ stop: { at: Number(process.hrtime.bigint()) / 1e6, code: word } });
};
