import { codeBlocks, run } from './code-blocks.js';

describe.each([
  ['docs/baggage.md', 4],
  ['docs/getting-started.md', 5],
  ['docs/interop.md', 7],
  ['docs/messages.md', 5],
  ['docs/shared-work.md', 6],
])('%s', (document, least) => {
  const blocks = codeBlocks(document);

  test('has programs, and each says what it prints', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(least);
    expect(blocks.filter(({ prints }) => prints.length === 0)).toEqual([]);
  });

  test.each(blocks)('the program at line $line prints what the document says', async (block) => {
    expect(await run(block)).toEqual(block.prints);
  });
});
