import { codeBlocks, run } from './code-blocks.js';

const [setUp, service, ...others] = codeBlocks('README.md');

/** What a reader has: services to call and a database. The services answer
 * what they were sent; they are none of http's, whose options are those of the edge. */
const SURROUNDINGS = `
  import net from 'node:net';
  const echo = net.createServer((socket) => {
    socket.once('data', (head) => {
      const [, budget] = /timebudget: ([0-9]+)/.exec(head.toString());
      socket.end('HTTP/1.1 200 OK\\r\\ncontent-length: ' + budget.length + '\\r\\n\\r\\n' + budget);
    });
  });
  await new Promise((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const origin = 'http://127.0.0.1:' + echo.address().port;
  const [AUTH_URL, BUSINESS_URL] = [origin + '/auth', origin + '/business'];
  const db = { query: async (_sql, { signal }) => console.log('asked with', signal?.constructor.name) };
  const sql = '';
`;

test('there are two examples for Node; the one for browsers is not run here', () => {
  expect(others).toHaveLength(1);
  expect(others[0]?.source).toContain('WebTracerProvider');
});

test('the first one: the edge gives a budget, and its calls carry what is left', () => {
  // All of OpenTelemetry's instrumentations would be a lot to install for a test of ours.
  const all = "import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node';";
  const call = 'const user = await fetch(AUTH_URL);';
  expect(setUp?.source).toContain(all);
  const source = setUp?.source
    .replace(all, 'const getNodeAutoInstrumentations = () => [];')
    .replace(call, `${call} console.log('auth got', await user.text());`);
  const ask = `
    await new Promise((resolve) => edge.listen(0, '127.0.0.1', resolve));
    const headers = { timebudget: '60000' };
    const options = { host: '127.0.0.1', port: edge.address().port, headers, agent: false };
    http.get(options, async (response) => {
      console.log('business got', (await response.setEncoding('utf8').toArray()).join(''));
      process.exit();
    });
  `;
  const budgets = run({ source: `${SURROUNDINGS}${source}${ask}` }).map((line) => Number(/got (\d+)$/.exec(line)?.[1]));
  expect(budgets).toHaveLength(2);
  const [auth = 0, business = 0] = budgets;
  expect(auth).toBeLessThan(10_000);
  expect(business).toBeLessThanOrEqual(auth);
  expect(business).toBeGreaterThan(5_000);
});

test('the second one: a service asks, and hands the signal on', () => {
  const source = service?.source.replace('remainingTime();', "console.log('left', remainingTime());");
  // Outside of a request nobody waits.
  expect(run({ source: `${SURROUNDINGS}${source}; process.exit();` })).toEqual([
    'left Infinity',
    'asked with undefined',
  ]);
});
