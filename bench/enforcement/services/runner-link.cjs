const tell = (about, content) => process.send({ about, content });

exports.tell = tell;

exports.tellPort = (port) => tell('listening', port);

/** Lets an http server listen, and sends the port to the runner. */
exports.listen = (server) => {
  server.listen(0, '127.0.0.1', () => exports.tellPort(server.address().port));
};

/** Answers questions of the runner by calling the function of that name. */
exports.answerWith = (answers) => {
  process.on('message', ({ question, about }) => tell(about, answers[question]()));
};

// A service exits when its runner has exited, also when the runner was killed.
process.once('disconnect', () => process.exit());
