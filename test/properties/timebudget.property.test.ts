import fc from 'fast-check';
import { timebudget } from '../../src/wire/formats/timebudget.js';
import { codePoint } from '../support/code-point.js';
import { parse, send } from '../wire/formats/wall-clock.js';

const MAX_SENT = 2_147_483_647;

/** Text that a parser of this grammar might stumble over. */
const nearlyValid = fc.string({ unit: fc.constantFrom(...'0159-.,;="\\ \t:()x?@+e\n'), maxLength: 300 });
const anyText = fc.oneof(fc.string({ unit: codePoint, maxLength: 300 }), nearlyValid);

/** A valid member, at most 30 characters long, and the budget that it stands for. */
const validMember = fc
  .record({
    before: fc.constantFrom('', ' ', '\t', '  '),
    sign: fc.constantFrom('', '', '', '-'),
    digits: fc.stringMatching(/^[0-9]{1,10}$/),
    fraction: fc.constantFrom('', '', '.5', '.999'),
    parameters: fc.constantFrom('', '', ';x', ';x=1', '; x="a,b"', ';x="\\",1"'),
    after: fc.constantFrom('', ' ', '\t'),
  })
  .map(({ before, sign, digits, fraction, parameters, after }) => ({
    text: before + sign + digits + fraction + parameters + after,
    budget: sign === '-' ? 0 : Number(digits),
  }));
const invalidMember = fc
  .constantFrom('', 'x', '5ms', '12345678901', '1e3', '"1,2"', '?1', '(1 2)', '5.', '--1')
  .map((text) => ({ text, budget: null }));
const member = fc.oneof({ weight: 3, arbitrary: validMember }, invalidMember);
/** At most what is looked at: 8 members, 256 characters. */
const list = fc.array(member, { minLength: 1, maxLength: 8 });

test('a round trip never gains, and loses less than a millisecond', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: MAX_SENT, noNaN: true }), (ms) => {
      const received = parse(timebudget, send(timebudget, ms)) ?? Number.NaN;
      expect(received).toBeLessThanOrEqual(ms);
      expect(ms - received).toBeLessThan(1);
    }),
  );
});

test('what is sent is always 1 to 10 digits, and at most what it stands for', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, noNaN: true }), (ms) => {
      const text = send(timebudget, ms);
      expect(text).toMatch(/^(0|[1-9][0-9]{0,9})$/);
      expect(Number(text)).toBe(Math.min(Math.floor(ms), MAX_SENT));
    }),
  );
});

test('any text is a whole number from 0 to 9999999999, or nothing', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const budget = parse(timebudget, text);
      if (budget === null) return;
      expect(Number.isInteger(budget)).toBe(true);
      expect(budget).toBeGreaterThanOrEqual(0);
      expect(budget).toBeLessThanOrEqual(9_999_999_999);
    }),
    { numRuns: 2000 },
  );
});

test('what was read can be sent on, and read as the same', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const budget = parse(timebudget, text);
      if (budget === null) return;
      expect(parse(timebudget, send(timebudget, budget))).toBe(Math.min(budget, MAX_SENT));
    }),
  );
});

test('of a list the smallest valid member counts', () => {
  fc.assert(
    fc.property(list, (members) => {
      const budgets = members.flatMap(({ budget }) => (budget === null ? [] : [budget]));
      const smallest = budgets.length === 0 ? null : Math.min(...budgets);
      expect(parse(timebudget, members.map(({ text }) => text).join(','))).toBe(smallest);
    }),
  );
});

test('the order of the members does not matter', () => {
  const shuffled = list.chain((members) =>
    fc.tuple(fc.constant(members), fc.shuffledSubarray(members, { minLength: members.length })),
  );
  fc.assert(
    fc.property(shuffled, (orders) => {
      const [first, second] = orders.map((members) => parse(timebudget, members.map(({ text }) => text).join(', ')));
      expect(first).toBe(second);
    }),
  );
});

test('another member never gives more time', () => {
  fc.assert(
    fc.property(list, member, (members, another) => {
      fc.pre(members.length < 8);
      const before = parse(timebudget, members.map(({ text }) => text).join(','));
      const after = parse(timebudget, [...members, another].map(({ text }) => text).join(','));
      if (before !== null) expect(after).toBeLessThanOrEqual(before);
    }),
  );
});
