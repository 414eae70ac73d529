// A process that a test asks for things: `ChildProcess.ask` in child-process.ts.

/** @param commands functions by name; what they return or throw is sent back */
exports.serveCommands = (commands) => {
  process.on('message', async ({ id, name, args }) => {
    try {
      process.send({ answers: id, result: await commands[name](...args) });
    } catch (error) {
      process.send({ answers: id, failure: String(error?.stack ?? error) });
    }
  });
  exports.endWithTheTest();
};

/** Without it, a process that serves would outlive a test process that was killed. */
exports.endWithTheTest = () => {
  process.once('disconnect', () => process.exit());
};
