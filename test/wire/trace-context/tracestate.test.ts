import { checkTracestate } from '../../../src/wire/trace-context/tracestate.js';
import { readVectors, title } from './vectors.js';

const { receive } = readVectors<{ receive: { input: string; expected: string; why: string }[] }>('tracestate');

test.each(receive.map((row) => ({ ...row, title: title(row.input) })))('$title ($why)', ({ input, expected }) => {
  const sentOn = { ignored: '', 'as received': input }[expected] ?? expected;
  expect(checkTracestate(input)).toBe(sentOn);
  // What is sent on is sent on by the next service as well.
  expect(checkTracestate(sentOn)).toBe(sentOn);
});
