import fc from 'fast-check';
import type { DeadlineFormat } from '../../src/wire/formats/deadline-format.js';
import { codePoint } from '../support/code-point.js';
import { FORMATS, VECTORS } from '../wire/formats/vectors.js';
import { parse, send } from '../wire/formats/wall-clock.js';

const MAX_SENT = 2_147_483_647;
const DAY = 86_400_000;
/** The unit of the value that a format sends for `ms`, in ms. Of gRPC's there are 8 digits. */
const unitOf = (name: string, ms: number) => (name === 'grpcTimeout' && ms >= 100_000_000 ? 1000 : 1);
const CLOCK_TIMES = ['xDeadline', 'finagleDeadline', 'epochMs'];

/** Text that a parser of one of these grammars might stumble over. */
const nearlyValid = fc.string({ unit: fc.constantFrom(...'0159-.,;="\\ \t:TZ+HSMmunE\n'), maxLength: 300 });
const known = fc.constantFrom(...VECTORS.flatMap(({ receive }) => receive.map(({ input }) => input)));
/** A known input with one character changed, put in or taken away. */
const mutated = fc
  .tuple(known, fc.nat(), fc.string({ unit: codePoint, maxLength: 1 }), fc.boolean())
  .map(([text, at, character, replaces]) => {
    const position = at % (text.length + 1);
    return text.slice(0, position) + character + text.slice(position + (replaces ? 1 : 0));
  });
const anyText = fc.oneof(fc.string({ unit: codePoint, maxLength: 300 }), nearlyValid, known, mutated);

describe.each(Object.entries(FORMATS))('%s', (name, format: DeadlineFormat) => {
  const isClockTime = CLOCK_TIMES.includes(name);
  const inputs = VECTORS.find((vectors) => vectors.format === name)?.receive.map(({ input }) => input) ?? [];
  /** Of this format, and without a comma. */
  const member = fc.constantFrom(...inputs.filter((input) => !/[",]/.test(input) && input.length < 30));

  test('any text is whole ms, 0 or more, or nothing', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const ms = parse(format, text);
        if (ms === null || ms === Number.POSITIVE_INFINITY) return;
        expect(Number.isSafeInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(0);
        if (isClockTime) expect(ms).toBeLessThanOrEqual(DAY);
      }),
      { numRuns: 2000 },
    );
  });

  test('a round trip never gains, but for a spent budget that must be sent as 1, and loses less than a unit', () => {
    const mostSent = isClockTime ? DAY : MAX_SENT;
    const upTo = (max: number) => fc.double({ min: 0, max, noNaN: true });
    // Most doubles up to the largest are near it; budgets are small.
    const anyBudget = fc.oneof(upTo(10), upTo(60_000), upTo(mostSent));
    fc.assert(
      fc.property(anyBudget, (ms) => {
        const received = parse(format, send(format, ms)) ?? Number.NaN;
        const least = name.startsWith('envoy') ? 1 : 0;
        expect(received).toBeLessThanOrEqual(Math.max(ms, least));
        expect(ms - received).toBeLessThan(unitOf(name, ms));
      }),
    );
  });

  test('what is sent is a field value: visible ASCII, blanks inside only, and no list', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true }), (ms) => {
        expect(send(format, ms)).toMatch(/^[!-+\--~]+( [!-+\--~]+)*$/);
      }),
    );
  });

  test('of several values the smallest counts, in whatever order, and a second one never gives more', () => {
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 6 }), fc.infiniteStream(fc.nat()), (members, order) => {
        const budgets = members.map((text) => parse(format, text)).filter((ms) => ms !== null);
        const smallest = budgets.length === 0 ? null : Math.min(...budgets);
        const shuffled = members.map((text) => ({ text, rank: order.next().value })).sort((a, b) => a.rank - b.rank);
        expect(parse(format, members.join(','))).toBe(smallest);
        expect(parse(format, shuffled.map(({ text }) => text).join(', '))).toBe(smallest);
        expect(parse(format, [...members, ...members].slice(0, 8).join(','))).toBe(smallest);
      }),
    );
  });
});
