import { codeBlocks, run } from './code-blocks.js';

const blocks = codeBlocks('docs/baggage.md');

test('the document has programs, and each says what it prints', () => {
  expect(blocks.length).toBeGreaterThan(3);
  expect(blocks.filter(({ prints }) => prints.length === 0)).toEqual([]);
});

test.each(blocks)(
  'the program at line $line prints what the document says',
  (block) => {
    expect(run(block)).toEqual(block.prints);
  },
  30_000,
);
