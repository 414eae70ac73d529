import fc from 'fast-check';

const SURROGATES = { first: 0xd800, count: 0x800 };

/**
 * Any character but lone surrogates, as the `unit` of a string. As fast-check's own 'binary', which takes 1.3 s of each
 * test file: to find out whether it can make `__proto__` and the like, it makes a table of all characters.
 */
export const codePoint = fc.integer({ min: 0, max: 0x10ffff - SURROGATES.count }).map(
  (index) => String.fromCodePoint(index < SURROGATES.first ? index : index + SURROGATES.count),
  (text) => {
    const [character, ...others] = typeof text === 'string' ? [...text] : [];
    const code = character?.codePointAt(0);
    if (code === undefined || others.length > 0) throw new Error('not one character');
    if (code < SURROGATES.first) return code;
    if (code < SURROGATES.first + SURROGATES.count) throw new Error('a lone surrogate');
    return code - SURROGATES.count;
  },
);
