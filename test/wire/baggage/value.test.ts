import { decodeBaggageValue, encodeBaggageValue } from '../../../src/wire/baggage/value.js';
import { OCTETS } from '../../support/baggage/grammar.js';

describe('encoding', () => {
  const ascii = Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code));

  test('escapes only what is no baggage-octet, and the percent sign', () => {
    for (const character of ascii) {
      const hex = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
      const literal = OCTETS.includes(character) && character !== '%';
      expect(encodeBaggageValue(character)).toBe(literal ? character : `%${hex}`);
    }
  });

  test('leaves a text of legal octets as it is', () => {
    const text = OCTETS.replace('%', '');
    expect(encodeBaggageValue(text)).toBe(text);
  });

  test.each([
    ['', ''],
    ['DF 28', 'DF%2028'],
    ['Amélie', 'Am%C3%A9lie'],
    ['50%', '50%25'],
    ['%41', '%2541'],
    ['a,b;c="d\\e"', 'a%2Cb%3Bc=%22d%5Ce%22'],
    ['\r\nx-admin: 1', '%0D%0Ax-admin:%201'],
    ['\u{1f600}!\u{10ffff}', '%F0%9F%98%80!%F4%8F%BF%BF'],
    ['\ufeffa', '%EF%BB%BFa'],
    ['\u0000\u007f\u0080', '%00%7F%C2%80'],
  ])('%j gives %s', (text, encoded) => {
    expect(encodeBaggageValue(text)).toBe(encoded);
    expect(decodeBaggageValue(encoded)).toBe(text);
  });

  test.each([
    ['\ud800', '%EF%BF%BD'],
    ['\udc00', '%EF%BF%BD'],
    ['a\ud83db', 'a%EF%BF%BDb'],
    ['\ude00\ud83d', '%EF%BF%BD%EF%BF%BD'],
    ['\ud83d\ud83d\ude00', '%EF%BF%BD%F0%9F%98%80'],
  ])('the lone surrogates in %j become U+FFFD', (text, encoded) => {
    expect(encodeBaggageValue(text)).toBe(encoded);
  });
});

describe('decoding', () => {
  test.each([
    ['', ''],
    ['a+b', 'a+b'],
    ['a=b==', 'a=b=='],
    ['%c3%A9', 'é'],
    ['%41%42', 'AB'],
    ['%2541', '%41'],
    ['%00', '\0'],
    ['%EF%BB%BFa', '\ufeffa'],
    ['%2C%3B%22', ',;"'],
  ])('%j gives %j', (text, decoded) => {
    expect(decodeBaggageValue(text)).toBe(decoded);
  });

  test.each([
    ['%'],
    ['100%'],
    ['%4'],
    ['%zz'],
    ['%4g'],
    ['%g4'],
    ['%%'],
    ['%-1'],
    ['%+1'],
    ['%0x41'],
    ['%u0041'],
    ['%@a'],
  ])('a percent sign that starts no escape stands for itself: %j', (text) => {
    expect(decodeBaggageValue(text)).toBe(text);
  });

  test.each([
    ['%%41', '%A'],
    ['%4%41', '%4A'],
    ['%zz%C3%A9', '%zzé'],
    ['%C3%A9%', 'é%'],
  ])('and the escapes beside it are decoded: %j', (text, decoded) => {
    expect(decodeBaggageValue(text)).toBe(decoded);
  });

  // Unicode, section 3.9: one U+FFFD for each maximal subpart.
  test.each([
    ['a stray continuation', '%80', '\ufffd'],
    ['an octet that never occurs', '%FF%FE', '\ufffd\ufffd'],
    ['an overlong slash', '%C0%AF', '\ufffd\ufffd'],
    ['a surrogate', '%ED%A0%80', '\ufffd\ufffd\ufffd'],
    ['beyond U+10FFFF', '%F4%90%80%80', '\ufffd\ufffd\ufffd\ufffd'],
    ['three octets cut short', '%E2%82', '\ufffd'],
    ['cut short by a literal', '%E2%82x', '\ufffdx'],
    ['cut short by another character', '%E2%C3%A9', '\ufffdé'],
    ['cut short by a bad escape', '%C3%zz', '\ufffd%zz'],
    ['latin-1', 'caf%E9', 'caf\ufffd'],
  ])('what is not UTF-8 becomes U+FFFD: %s', (_, text, decoded) => {
    expect(decodeBaggageValue(text)).toBe(decoded);
  });

  test('a value knows nothing of the one before it, however long either is', () => {
    const long = '%C3%A9'.repeat(3000);
    expect(decodeBaggageValue(long)).toBe('é'.repeat(3000));
    expect(decodeBaggageValue('%41')).toBe('A');
    expect(decodeBaggageValue('%C3')).toBe('\ufffd');
    expect(decodeBaggageValue(long)).toBe('é'.repeat(3000));
  });
});
