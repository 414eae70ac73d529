const tell = (about, content) => process.send({ about, content });

exports.tell = tell;

exports.tellPort = (port) => tell('listening', port);

/** Lets an http server listen, and tells the runner where. */
exports.listen = (server) => {
  server.listen(0, '127.0.0.1', () => exports.tellPort(server.address().port));
};

/** Answers the runner's questions: functions by name. */
exports.answerWith = (answers) => {
  process.on('message', ({ question, about }) => tell(about, answers[question]()));
};

// A service goes when its runner has gone, however that ended.
process.once('disconnect', () => process.exit());
