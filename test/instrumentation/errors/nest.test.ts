import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { run } from '../../docs/code-blocks.js';

jest.setTimeout(60_000);

/** The status of each answer, and the one that its body names. */
type Answers = Record<string, { status: number; body: number }>;

let bare: Answers;
let filtered: Answers;
beforeAll(async () => {
  const document = readFileSync(join(__dirname, '../../../docs/getting-started.md'), 'utf8');
  const [, filter = ''] = /^```ts\n(.*?class DeadlineFilter.*?)^```$/ms.exec(document) ?? [];
  const { ES2022: target } = ts.ScriptTarget;
  const compilerOptions = { target, module: ts.ModuleKind.ES2022, experimentalDecorators: true };
  const { outputText } = ts.transpileModule(filter, { compilerOptions });
  const printed = await run({ source: outputText + readFileSync(join(__dirname, 'fixtures/nest.mjs'), 'utf8') });
  expect(printed).toHaveLength(1);
  ({ bare, filtered } = JSON.parse(printed[0] as string));
});

test('without the filter of the document, the body names another status than the answer has', () => {
  expect(bare).toMatchObject({ gRPC: { status: 504, body: 500 }, got: { status: 504, body: 500 } });
});

test.each([
  ["the error of a gRPC client's call", 'gRPC', 504],
  ["the error of got's call", 'got', 504],
  ["got's error when a timeout of the handler's own is over", 'gotUnderOwnTimeout', 504],
  ["an exception of Nest's that wraps ours", 'exception', 504],
  ['an error of a called service that has answered first', 'answeredFirst', 504],
  ["an exception of Nest's with another status", 'ownStatus', 400],
  ['work that another request shares, in the one whose time is up', 'shared', 504],
  ['that work, in the other one', 'shared ', 500],
  ['any other error while there is time', 'bug', 500],
])('with it, both agree for %s', (_, path, status) => {
  expect(filtered[path]).toEqual({ status, body: status });
});
