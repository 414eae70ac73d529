const pass = (bytes) => bytes;

/** A unary method with bytes both ways. */
exports.CALL_METHOD = {
  path: '/bench.Overload/Call',
  requestStream: false,
  responseStream: false,
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
};
