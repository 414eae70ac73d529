import { codeBlocks, run } from './code-blocks.js';

const [setUp, service, ...others] = codeBlocks('README.md');

/** The services that a reader calls. They answer with the budget that they were sent, and use no
 * server of node:http, because the options of the edge would apply to it. */
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
`;

test('there are two examples for Node; the one for browsers is not run here', () => {
  expect(others).toHaveLength(1);
  expect(others[0]?.source).toContain('WebTracerProvider');
});

test('the first one: the edge gives a budget, and its calls carry what is left', async () => {
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
  const printed = await run({ source: `${SURROUNDINGS}${source}${ask}` });
  const budgets = printed.map((line) => Number(/got (\d+)$/.exec(line)?.[1]));
  expect(budgets).toHaveLength(2);
  const [auth = 0, business = 0] = budgets;
  expect(auth).toBeLessThan(10_000);
  expect(business).toBeLessThanOrEqual(auth);
  expect(business).toBeGreaterThan(5_000);
});

describe('the second one', () => {
  const command = "'pandoc', ['order.md', '-o', 'order.pdf']";
  const asks = 'remainingTime();';
  const imports = service?.source.slice(0, service.source.indexOf('const run'));
  const body = service?.source.slice(service.source.indexOf('const run'));

  /** The example with another program in place of pandoc. */
  function withProgram(program: string): string {
    expect(body).toContain(command);
    expect(body).toContain(asks);
    return `${body}`
      .replace(asks, "console.log('left', remainingTime());")
      .replace(command, `process.execPath, ['-e', ${JSON.stringify(program)}]`);
  }

  test('outside of a request nobody waits, and the program runs to its end', async () => {
    const source = `${imports} ${withProgram('process.exit(0)')}; console.log('done');`;
    expect(await run({ source })).toEqual(['left Infinity', 'done']);
  });

  test('the program is killed when the time is up', async () => {
    const source = `
      ${imports}
      import { isDeadlineExceeded, withTimeout } from 'opentelemetry-propagator-deadline';
      import { context } from '@opentelemetry/api';
      import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      const serve = async () => { ${withProgram('setTimeout(() => {}, 10000)')} };
      const error = await withTimeout(300, serve).catch((reason) => reason);
      console.log(isDeadlineExceeded(error));
    `;
    expect(await run({ source })).toEqual([expect.stringMatching(/^left \d/), 'true']);
  });
});
