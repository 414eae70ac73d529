import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { remainingTime, setDeadline } from '../../src/context/context-deadline.js';
import { Deadline } from '../../src/context/deadline.js';
import { type DeadlineEvent, listen } from '../../src/events.js';
import { withClockLimits } from '../../src/propagation/clock-limits.js';
import type { DeadlinePropagatorOptions } from '../../src/propagation/deadline-options.js';
import { DeadlinePropagator } from '../../src/propagation/deadline-propagator.js';
import { connectTimeoutMs } from '../../src/wire/formats/connect-timeout-ms.js';
import { deadlineFormat } from '../../src/wire/formats/deadline-format.js';
import { envoyExpectedTimeout } from '../../src/wire/formats/envoy-timeout.js';
import { epochMs } from '../../src/wire/formats/epoch-ms.js';
import { grpcTimeout } from '../../src/wire/formats/grpc-timeout.js';
import { timebudget } from '../../src/wire/formats/timebudget.js';
import { xDeadline } from '../../src/wire/formats/x-deadline.js';
import { advance, useFakeClock } from '../support/fake-clock.js';

useFakeClock();

const events: DeadlineEvent[] = [];
let stopListening: () => void;
beforeEach(() => {
  jest.setSystemTime(Date.UTC(2026, 0, 5, 10));
  events.length = 0;
  stopListening = listen((event) => events.push(event));
});
afterEach(() => stopListening());

function extract(carrier: object, options: DeadlinePropagatorOptions): number {
  return remainingTime(new DeadlinePropagator(options).extract(ROOT_CONTEXT, carrier, defaultTextMapGetter));
}

function inject(ms: number, options: DeadlinePropagatorOptions): Record<string, string> {
  const carrier = {};
  const context = setDeadline(ROOT_CONTEXT, Deadline.after(ms));
  new DeadlinePropagator(options).inject(context, carrier, defaultTextMapSetter);
  return carrier;
}

describe('extract', () => {
  const all = { extract: [timebudget, connectTimeoutMs, grpcTimeout, envoyExpectedTimeout, xDeadline] };

  test.each<[Record<string, string>, number]>([
    [{ timebudget: '7984', 'connect-timeout-ms': '7000', 'grpc-timeout': '8S' }, 7000],
    [{ timebudget: '6000', 'x-deadline': '2026-01-05T10:00:07Z' }, 6000],
    [{ timebudget: '7984', 'x-deadline': '2026-01-05T10:00:07Z' }, 7000],
    [{ timebudget: '7984', 'x-envoy-expected-rq-timeout-ms': '0' }, 7984],
    [{ 'x-envoy-expected-rq-timeout-ms': '0' }, Number.POSITIVE_INFINITY],
    [{ timebudget: '7984', 'x-deadline': '2020-01-01T00:00:00Z' }, 0],
    [{ 'grpc-timeout': '5S' }, 5000],
    [{}, Number.POSITIVE_INFINITY],
  ])('of all fields that are there the smallest budget counts: %j', (carrier, left) => {
    expect(extract(carrier, all)).toBe(left);
    expect(events).toEqual([]);
  });

  test('a bad field is counted, and does not spoil the others', () => {
    expect(extract({ timebudget: 'soon', 'connect-timeout-ms': '7000', 'grpc-timeout': '5x' }, all)).toBe(7000);
    expect(events).toEqual(['timebudget', 'grpc-timeout'].map((field) => ({ type: 'malformed', field })));
  });

  test('a field that was not asked for is not read', () => {
    expect(extract({ timebudget: '7984', 'connect-timeout-ms': '7000' }, { extract: [timebudget] })).toBe(7984);
    expect(extract({ timebudget: '7984' }, { extract: [] })).toBe(Number.POSITIVE_INFINITY);
  });

  test('maxBudget cuts all of them', () => {
    expect(extract({ 'grpc-timeout': '99999999H' }, { ...all, maxBudget: 500 })).toBe(500);
  });

  test('lines, as from gRPC metadata', () => {
    expect(extract({ 'connect-timeout-ms': ['7000', '6000'] }, all)).toBe(6000);
  });

  test('a clock time is converted once: the wall clock may be set later', () => {
    const propagator = new DeadlinePropagator(all);
    const carrier = { 'x-deadline': '2026-01-05T10:00:08Z' };
    const context = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
    jest.setSystemTime(Date.UTC(2030, 0, 1));
    expect(remainingTime(context)).toBe(8000);
    advance(3000);
    expect(remainingTime(context)).toBe(5000);
  });
});

describe('inject', () => {
  test('all of them, and fields() tells which', () => {
    const options = { inject: [timebudget, connectTimeoutMs, xDeadline] };
    expect(inject(7984.9, options)).toEqual({
      timebudget: '7984',
      'connect-timeout-ms': '7984',
      'x-deadline': '2026-01-05T10:00:07.984Z',
    });
    expect(new DeadlinePropagator(options).fields()).toEqual(['timebudget', 'connect-timeout-ms', 'x-deadline']);
  });

  test('a spent budget, as each format says it', () => {
    expect(inject(0, { inject: [timebudget, connectTimeoutMs, grpcTimeout, envoyExpectedTimeout, xDeadline] })).toEqual(
      {
        timebudget: '0',
        'connect-timeout-ms': '0',
        'grpc-timeout': '1n',
        'x-envoy-expected-rq-timeout-ms': '1',
        'x-deadline': '2026-01-05T10:00:00.000Z',
      },
    );
  });

  test('none of them without a deadline, and nothing at all where nothing is to be injected', () => {
    expect(inject(Number.POSITIVE_INFINITY, { inject: [timebudget, xDeadline] })).toEqual({});
    expect(inject(500, { inject: [] })).toEqual({});
  });

  test('the reserve is kept back from all', () => {
    expect(inject(1000, { inject: [connectTimeoutMs, grpcTimeout], reserve: 0.5 })).toEqual({
      'connect-timeout-ms': '500',
      'grpc-timeout': '500m',
    });
  });

  test('what the caller does with his array later changes nothing', () => {
    const formats = [timebudget];
    const propagator = new DeadlinePropagator({ inject: formats, extract: formats });
    formats.push(connectTimeoutMs);
    expect(propagator.fields()).toEqual(['timebudget']);
  });
});

describe('withClockLimits', () => {
  const read = (text: string, limits: object) =>
    extract({ 'x-deadline': text }, { extract: [withClockLimits(xDeadline, limits)] });

  test.each<[string, object, number]>([
    ['2026-01-05T10:00:08Z', { skew: 200 }, 8200],
    ['2026-01-05T10:00:00Z', { skew: 200 }, 200],
    ['2026-01-05T09:59:59Z', { skew: 200 }, 0],
    ['2026-01-05T10:00:08Z', {}, 8000],
    ['2026-01-05T10:01:00Z', { maxFuture: 60_000 }, 60_000],
    ['2026-01-05T10:01:01Z', { maxFuture: 60_000 }, Number.POSITIVE_INFINITY],
    ['2027-01-05T10:00:00Z', { maxFuture: Number.POSITIVE_INFINITY }, 365 * 86_400_000],
    ['2026-01-06T10:00:01Z', {}, Number.POSITIVE_INFINITY],
  ])('%s with %j: %d ms', (text, limits, left) => {
    expect(read(text, limits)).toBe(left);
    expect(events).toHaveLength(left === Number.POSITIVE_INFINITY ? 1 : 0);
  });

  test('what is sent does not change', () => {
    const options = { inject: [withClockLimits(epochMs('x-expires'), { skew: 200 })] };
    expect(inject(500, options)).toEqual({ 'x-expires': String(Date.UTC(2026, 0, 5, 10) + 500) });
  });

  test.each<[object, ErrorConstructor, string]>([
    [{ skew: -1 }, RangeError, 'skew'],
    [{ skew: '5' }, TypeError, 'skew'],
    [{ maxFuture: Number.NaN }, RangeError, 'maxFuture'],
    [{ max: 5 }, TypeError, '"max"'],
  ])('%j: %p', (limits, type, quoted) => {
    expect(() => withClockLimits(xDeadline, limits)).toThrow(type);
    expect(() => withClockLimits(xDeadline, limits)).toThrow(quoted);
  });
});

describe("deadlineFormat: a format of one's own", () => {
  const inSeconds = deadlineFormat({
    field: 'X-Patience',
    parse: (value) => (/^\d{1,6}s$/.test(value) ? Number(value.slice(0, -1)) * 1000 : null),
    format: (ms) => `${Math.floor(ms / 1000)}s`,
  });

  test.each<[string, number, number]>([
    ['8s', 8000, 0],
    [' 8s ', 8000, 0],
    ['9s, 8s, x', 8000, 0],
    ['8', Number.POSITIVE_INFINITY, 1],
    [`${'9s,'.repeat(8)}8s`, 9000, 0],
    ['8s'.padStart(257), Number.POSITIVE_INFINITY, 1],
  ])('%j: %d ms', (text, left, malformed) => {
    expect(extract({ 'x-patience': text }, { extract: [inSeconds] })).toBe(left);
    expect(events).toHaveLength(malformed);
  });

  test('its header may be written in any case; carriers have lower case', () => {
    expect(inject(8500, { inject: [inSeconds] })).toEqual({ 'x-patience': '8s' });
  });

  test.each<[string, unknown, number]>([
    ['NaN', Number.NaN, Number.POSITIVE_INFINITY],
    ['undefined', undefined, Number.POSITIVE_INFINITY],
    ['text', '5', Number.POSITIVE_INFINITY],
    ['a negative number', -5, 0],
  ])('whatever its parse returns: %s', (_, returned, left) => {
    const odd = deadlineFormat({ field: 'odd', parse: () => returned as number, format: String });
    expect(extract({ odd: 'x' }, { extract: [odd] })).toBe(left);
  });

  test('one that throws is counted, and the request is served; what it cannot write is left out', () => {
    const fail = (): never => {
      throw new Error('a broken format');
    };
    const broken = deadlineFormat({ field: 'broken', parse: fail, format: fail });
    expect(extract({ broken: '5', timebudget: '500' }, { extract: [broken, timebudget] })).toBe(500);
    expect(events).toEqual([{ type: 'malformed', field: 'broken' }]);
    expect(inject(500, { inject: [timebudget, broken] })).toEqual({ timebudget: '500' });
  });

  test.each([[''], ['x budget'], ['x:'], ['ü'], [undefined], [5], [null]])('no header: %p', (field) => {
    const definition = { field: field as string, parse: () => 5, format: String };
    expect(() => deadlineFormat(definition)).toThrow(TypeError);
    expect(() => deadlineFormat(definition)).toThrow(`got ${JSON.stringify(field)}`);
  });
});
