import fc from 'fast-check';
import { decodeBaggageValue, encodeBaggageValue } from '../../src/wire/baggage/value.js';
import { isGrammatical, OCTETS } from '../support/baggage/grammar.js';
import { anyText, wellFormed } from './baggage-arbitraries.js';

describe('a value', () => {
  test('is read as it was set; a lone surrogate as U+FFFD', () => {
    fc.assert(
      fc.property(fc.oneof(wellFormed, anyText), (text) => {
        const written = encodeBaggageValue(text);
        expect(decodeBaggageValue(written)).toBe(Buffer.from(text, 'utf8').toString('utf8'));
        expect(isGrammatical(`k=${written}`)).toBe(true);
        // No shorter than it must be, and no longer.
        const needless = (octet: string) => OCTETS.replace('%', '').includes(decodeURIComponent(octet));
        expect((written.match(/%[2-7][0-9A-F]/g) ?? []).filter(needless)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  test('of any octets is what a TextDecoder makes of them', () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const lead = fc.constantFrom(0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff, 0x41);
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(lead, { maxLength: 12 }).map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(octets, fc.boolean(), (bytes, upper) => {
        const hex = [...bytes].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join('');
        expect(decodeBaggageValue(upper ? hex.toUpperCase() : hex)).toBe(decoder.decode(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});
