// Counts the calls that reach it: each was made by a handler whose request had been answered long before.
const http = require('node:http');
const { answerWith, listen } = require('../../enforcement/services/runner-link.cjs');

let calls = 0;

answerWith({ calls: () => calls });
listen(
  http.createServer((_, response) => {
    calls++;
    response.end();
  }),
);
