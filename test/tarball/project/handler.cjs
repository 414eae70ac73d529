const { setTimeout: pause } = require('node:timers/promises');

/**
 * What the services do: `/` tells of the request, `/never` does not answer, `/call?<url>` spends 50 ms, calls the url and
 * tells what became of it.
 */
exports.handlerWith = ({ isDeadlineExceeded, remainingTime }) => {
  let handled = 0;
  return async (request, response) => {
    handled++;
    const own = { handled, field: request.headers.timebudget, remaining: remainingTime() };
    const [path, url] = request.url.split('?');
    if (path === '/never') return;
    if (path === '/call') {
      await pause(50);
      try {
        own.called = await (await fetch(url)).json();
      } catch (error) {
        own.failure = { exceeded: isDeadlineExceeded(error) };
      }
    }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(own));
  };
};
