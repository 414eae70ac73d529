import { formatTraceparent, parseTraceparent } from '../../../src/wire/trace-context/traceparent.js';
import { readVectors, title } from './vectors.js';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

const { receive, send } = readVectors<{
  receive: { input: string; expected: Span | 'ignored'; why: string }[];
  send: { span: Span; output: string; why: string }[];
}>('traceparent');

test.each(receive.map((row) => ({ ...row, title: title(row.input) })))('$title ($why)', ({ input, expected }) => {
  const parsed = parseTraceparent(input);
  if (expected === 'ignored') expect(parsed).toBeUndefined();
  else {
    const { traceId, spanId, flags } = expected;
    expect(parsed).toEqual({ traceId, spanId, traceFlags: flags, isRemote: true });
  }
});

test.each(send)('$span is sent as $output ($why)', ({ span, output }) => {
  const sent = formatTraceparent(span.traceId, span.spanId, span.flags);
  expect(sent).toBe(output === 'nothing' ? undefined : output);
});
