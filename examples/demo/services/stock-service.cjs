const serialize = (value) => Buffer.from(JSON.stringify(value));
const deserialize = (bytes) => JSON.parse(bytes.toString());

/** Written by hand, with JSON messages, so that the demo needs neither a .proto file nor a loader for it. */
exports.stockService = {
  reserve: {
    path: '/demo.Stock/Reserve',
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  },
};
