// A service whose handlers look at no deadline: each computes, waits for far too long, makes a call, and answers.
require('../../enforcement/services/set-up-ours.cjs');
const http = require('node:http');
const { answerWith, listen } = require('../../enforcement/services/runner-link.cjs');

const { CPU_MS, WAIT_MS, BACKEND_PORT } = process.env;

const counts = { begun: 0, ended: 0 };

function handle(_, response) {
  counts.begun++;
  const end = performance.now() + Number(CPU_MS);
  while (performance.now() < end);
  setTimeout(() => {
    const call = http.get({ host: '127.0.0.1', port: BACKEND_PORT, agent: false });
    const answer = () => {
      counts.ended++;
      response.setHeader('x-late', '1');
      response.end('done');
    };
    call.on('error', answer);
    call.on('response', (received) => received.resume().on('end', answer));
  }, Number(WAIT_MS));
}

answerWith({ counts: () => counts });
listen(http.createServer({ keepAliveTimeout: 60_000 }, handle));
