import { diag } from '@opentelemetry/api';
import { DeadlineInstrumentation } from '../../src/instrumentation/deadline-instrumentation.js';
import type { InboundRequest } from '../../src/instrumentation/options.js';
import { resolveSettings } from '../../src/instrumentation/settings.js';

const request = { url: '/' } as InboundRequest;
const resolve = (config: unknown) => resolveSettings(config as never);

afterEach(() => {
  jest.restoreAllMocks();
});

test('the defaults', () => {
  const { enforce, server, client, databases } = resolve({});
  expect(enforce).toBe(true);
  expect(server).toMatchObject({ http: true, http2: true, keepStatus: false });
  expect(client).toMatchObject({ http: true, http2: true, undici: true, ignore: undefined });
  expect(databases).toEqual({ pg: 'cancel' });
  expect(server.ignore(request)).toBe(false);
  expect(server.trust(request)).toBe(true);
  expect(server.cancelOnDisconnect(request)).toBe(true);
  expect(server.defaultBudget(request)).toBeUndefined();
  expect(server.answer).toBeUndefined();
});

test('an option that is undefined is as one that is absent', () => {
  const absent = { trust: undefined, ignore: undefined, defaultBudget: undefined, http: undefined };
  const { server, client } = resolve({ server: absent, client: { ignore: undefined }, mode: undefined });
  expect(server.trust(request)).toBe(true);
  expect(server.http).toBe(true);
  expect(client.ignore).toBeUndefined();
  expect(resolve(undefined).enforce).toBe(true);
});

describe('a bad option is an error that names it and quotes what it got', () => {
  test.each([
    [null, TypeError, 'DeadlineInstrumentation: expected an object of options, got null'],
    [{ sever: {} }, TypeError, /DeadlineInstrumentation: expected only the options .*server.*, got "sever"/],
    [{ enabled: 'no' }, TypeError, 'enabled: expected true or false, got "no"'],
    [{ enabled: 0 }, TypeError, 'enabled: expected true or false, got 0'],
    [{ server: true }, TypeError, 'server: expected an object of options, got true'],
    [{ server: { htpp: true } }, TypeError, /server: expected only the options http, .*, got "htpp"/],
    [{ client: { fetch: true } }, TypeError, /client: expected only the options http, .*, got "fetch"/],
    [{ lostContexts: 'log' }, RangeError, /lostContexts: expected 'off', 'warn' or 'inherit', got "log"/],
    [{ server: { http: 1 } }, TypeError, 'server.http: expected true or false, got 1'],
    [{ server: { http2: 'no' } }, TypeError, 'server.http2: expected true or false, got "no"'],
    [{ server: { keepStatus: 'yes' } }, TypeError, 'server.keepStatus: expected true or false, got "yes"'],
    [{ server: { trust: 'no' } }, TypeError, 'server.trust: expected true, false or a function, got "no"'],
    [{ server: { cancelOnDisconnect: 0 } }, TypeError, /^server.cancelOnDisconnect: .* got 0$/],
    [{ server: { answer: 'yes' } }, TypeError, 'server.answer: expected true, false or a function, got "yes"'],
    [{ server: { answer: null } }, TypeError, 'server.answer: expected true, false or a function, got null'],
    [{ server: { ignore: ['/health'] } }, TypeError, 'server.ignore: expected a function, got Array'],
    [{ server: { ignore: true } }, TypeError, 'server.ignore: expected a function, got true'],
    [{ server: { defaultBudget: '10s' } }, TypeError, /^server.defaultBudget: .* got "10s"$/],
    [{ server: { defaultBudget: -1 } }, RangeError, /^server.defaultBudget: .* got -1$/],
    [{ server: { defaultBudget: Number.NaN } }, RangeError, /^server.defaultBudget: .* got NaN$/],
    [{ client: { ignore: /x/ } }, TypeError, 'client.ignore: expected a function, got RegExp'],
    [{ client: { shared: '*/keys' } }, TypeError, /^client.shared: expected an array .*, got "\*\/keys"$/],
    [{ client: { shared: null } }, TypeError, /^client.shared: .* got null$/],
    [{ client: { shared: [/keys/] } }, TypeError, 'client.shared: expected patterns as strings, got RegExp'],
    [{ client: { shared: ['*/keys', ''] } }, RangeError, /^client.shared: .* got ""$/],
    [{ client: { shared: ['*'] } }, RangeError, /^client.shared: .* got "\*"$/],
    [{ client: { shared: ['/keys'] } }, RangeError, /^client.shared: .* got "\/keys"$/],
    [{ client: { shared: ['issuer.example/keys'] } }, RangeError, /^client.shared: .* got "issuer.example\/keys"$/],
    [{ client: { shared: ['https://issuer.example'] } }, RangeError, /^client.shared: .*issuer.example"$/],
    [{ client: { http2: 1 } }, TypeError, 'client.http2: expected true or false, got 1'],
    [{ client: { undici: 'no' } }, TypeError, 'client.undici: expected true or false, got "no"'],
    [{ databases: 'refuse' }, TypeError, 'databases: expected an object of options, got "refuse"'],
    [{ databases: { mysql: 'cancel' } }, TypeError, 'databases: expected only the options pg, got "mysql"'],
    [{ databases: { pg: true } }, RangeError, "databases.pg: expected 'cancel', 'refuse' or false, got true"],
    [{ mode: 'enforced' }, RangeError, "mode: expected 'enforce' or 'observe', got \"enforced\""],
  ])('%j', (config, type, message) => {
    expect(() => resolve(config)).toThrow(type);
    expect(() => resolve(config)).toThrow(message);
    expect(() => new DeadlineInstrumentation(config as never)).toThrow(message);
  });
});

describe('a function', () => {
  test.each([['ignore'], ['trust'], ['cancelOnDisconnect']] as const)(
    'as server.%s is asked with the request; what it answers counts as true or false',
    (option) => {
      const asked: unknown[] = [];
      for (const [answer, taken] of [
        [true, true],
        [false, false],
        [undefined, false],
        [null, false],
        ['yes', true],
        [0, false],
      ]) {
        const fn = (subject: unknown) => {
          asked.push(subject);
          return answer;
        };
        expect(resolve({ server: { [option]: fn } }).server[option](request)).toBe(taken);
      }
      expect(new Set(asked)).toEqual(new Set([request]));
    },
  );

  test.each([
    ['ignore', false],
    ['trust', false],
    ['cancelOnDisconnect', true],
  ] as const)('as server.%s that fails is taken as %p', (option, taken) => {
    const errors = jest.spyOn(diag, 'error').mockReturnValue();
    for (const fn of [() => Promise.resolve(!taken), () => ({}), throwing]) {
      errors.mockClear();
      expect(resolve({ server: { [option]: fn } }).server[option](request)).toBe(taken);
      expect(errors.mock.calls).toEqual([[`server.${option}: taken as ${taken}`, expect.anything()]]);
    }
  });

  function throwing(): never {
    throw new Error('no config');
  }

  test('as client.shared that fails is taken as false', () => {
    const errors = jest.spyOn(diag, 'error').mockReturnValue();
    for (const fn of [() => Promise.resolve(true), throwing]) {
      errors.mockClear();
      const { shared } = resolve({ client: { shared: fn } }).client;
      expect(shared?.has('http://a', '/', () => 'GET http://a/')).toBe(false);
      expect(errors.mock.calls).toEqual([['client.shared: taken as false', expect.anything()]]);
    }
  });

  test.each([['ignore'], ['trust'], ['cancelOnDisconnect'], ['defaultBudget']] as const)(
    'as server.%s that answers a promise: a rejection of that is handled',
    async (option) => {
      jest.spyOn(diag, 'error').mockReturnValue();
      const then = jest.fn();
      resolve({ server: { [option]: () => ({ then }) } }).server[option](request);
      await Promise.resolve();
      expect(then).toHaveBeenCalledWith(expect.any(Function), expect.any(Function));
    },
  );
});
