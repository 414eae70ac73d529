import { isToken, trimSpace } from '../../src/wire/text.js';
import { TOKEN_CHARACTERS } from '../support/baggage/grammar.js';

const characters = Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code));

describe('a key', () => {
  test('is made of the characters of token, whatever their place', () => {
    const accepted = (make: (character: string) => string) => characters.filter((each) => isToken(make(each))).sort();
    const expected = [...TOKEN_CHARACTERS].sort();
    expect(accepted((each) => each)).toEqual(expected);
    expect(accepted((each) => `k${each}`)).toEqual(expected);
    expect(accepted((each) => `${each}k`)).toEqual(expected);
  });

  test.each([[''], [' '], ['a b'], [' a'], ['a '], ['a\n'], ['\ud800'], ['clé'], ['\u0161']])('is not %j', (text) => {
    expect(isToken(text)).toBe(false);
  });
});

describe('optional white space', () => {
  test('is space and tab, nothing else', () => {
    expect(characters.filter((each) => trimSpace(`${each}a${each}`) === 'a')).toEqual(['\t', ' ']);
  });

  test.each([
    ['', ''],
    [' \t \t', ''],
    ['a', 'a'],
    [' \ta b\t\t ', 'a b'],
    ['\u00a0 a \ufeff', '\u00a0 a \ufeff'],
    [' \u3000', '\u3000'],
  ])('around %j is taken away', (text, trimmed) => {
    expect(trimSpace(text)).toBe(trimmed);
  });
});
