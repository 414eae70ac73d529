import http from 'node:http';
import { context, diag, propagation, type TextMapPropagator } from '@opentelemetry/api';
import { remainingTime } from '../../../src/context/context-deadline.js';
import { stampRequest } from '../../../src/instrumentation/undici/stamp.js';
import { Enforcement } from '../../support/enforcement.js';
import { advance } from '../../support/fake-clock.js';
import { OpenScope, Outcome } from '../http/calls.js';
import { Servers } from '../http/servers.js';

// What a propagator of somebody else does wrong fails neither calls nor requests.

const servers = new Servers();
const enforcement = new Enforcement({ server: { defaultBudget: 500 } });

const failing: [string, Partial<TextMapPropagator>][] = [
  [
    'throws',
    {
      inject() {
        throw new Error('no tracer');
      },
      extract() {
        throw new Error('no tracer');
      },
    },
  ],
  ['writes what no header may hold', { inject: (_, carrier, setter) => setter.set(carrier, 'x-own', '\u2713') }],
];

describe.each(failing)('where the propagator %s', (_, propagator) => {
  let errors: jest.SpyInstance;
  beforeEach(() => {
    errors = jest.spyOn(diag, 'error').mockReturnValue();
    propagation.disable();
    propagation.setGlobalPropagator({ inject() {}, extract: (context) => context, fields: () => [], ...propagator });
  });
  afterEach(() => errors.mockRestore());

  test('a call of node:http goes out, and is bound', async () => {
    const { url } = await servers.serve((request, response) => {
      if (request.url === '/answered') response.end('answered');
    });
    const scope = new OpenScope(1_000);
    const answered = scope.run(() => new Outcome(http.get(`${url}/answered`, { agent: false })));
    expect(await answered.body()).toBe('answered');
    expect(errors).toHaveBeenCalledWith(expect.stringMatching('a call goes out without'), expect.anything());
    const waiting = scope.run(() => new Outcome(http.get(url, { agent: false })));
    advance(1_000);
    await waiting.close();
    expect(waiting.errors).toEqual([expect.objectContaining({ code: 'DEADLINE_EXCEEDED' })]);
  });

  test("a request of undici's is bound by nothing that was written", () => {
    const addHeader = (_: string, value: string) => {
      if (value === '\u2713') throw new TypeError('invalid header value');
    };
    const nothing = Number.POSITIVE_INFINITY;
    expect(stampRequest({ headers: [], addHeader } as never, context.active())).toBe(nothing);
    expect(errors).toHaveBeenCalledTimes(1);
  });

  test('a request is served, within its default budget', async () => {
    const { url } = await servers.serve((_, response) => void response.end(String(remainingTime())));
    const outcome = new Outcome(http.get(url, { agent: false }));
    expect(Number(await outcome.body())).toBe(500);
    expect(enforcement.counts).toEqual({});
  });

  test('a request that is not trusted is served as well', async () => {
    enforcement.configure({ server: { trust: false } });
    const { url } = await servers.serve((request, response) => void response.end(String(request.headers.timebudget)));
    const outcome = new Outcome(http.get(url, { agent: false, headers: { timebudget: '77' } }));
    expect(await outcome.body()).toBe('undefined');
  });
});
