import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { TraceContextPropagator } from '../../src/propagation/trace-context/propagator.js';
import { WireTraceState } from '../../src/propagation/trace-context/trace-state.js';
import { formatTraceparent, parseTraceparent } from '../../src/wire/trace-context/traceparent.js';
import { checkTracestate, splitMembers } from '../../src/wire/trace-context/tracestate.js';

const from = (alphabet: string) => fc.constantFrom(...alphabet);
const hexId = (length: number) =>
  fc.string({ unit: from('0123456789abcdef'), minLength: length, maxLength: length }).filter((id) => !/^0*$/.test(id));
const KEY_START = 'abcdefghijklmnopqrstuvwxyz0123456789';
const PRINTABLE = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i))
  .filter((character) => character !== ',' && character !== '=')
  .join('');
/** Whichever length: some are at the limits. */
const key = fc
  .tuple(from(KEY_START), fc.string({ unit: from(`${KEY_START}_-*/@`), maxLength: 20 }))
  .map(([first, others]) => first + others);
const value = fc
  .tuple(fc.string({ unit: from(PRINTABLE), maxLength: 40 }), from(PRINTABLE.slice(1)))
  .map(([others, last]) => others + last);
const space = fc.string({ unit: from(' \t'), maxLength: 3 });
const member = fc.tuple(key, value).map(([name, text]) => `${name}=${text}`);
const list = fc.array(fc.tuple(space, fc.oneof({ weight: 9, arbitrary: member }, fc.constant('')), space), {
  minLength: 1,
  maxLength: 40,
});
const listText = list.map((members) => members.map((parts) => parts.join('')).join(','));
/** Text that is nearly a list. */
const nearly = fc.tuple(listText, fc.nat(), fc.string({ maxLength: 2 })).map(([text, at, junk]) => {
  const index = at % (text.length + 1);
  return text.slice(0, index) + junk + text.slice(index);
});

/** The grammar of the specification, member by member. */
const MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

function reference(text: string): boolean {
  const members = text.split(',').map((each) => each.replace(/^[ \t]+|[ \t]+$/g, ''));
  const isFull = (each: string) => each !== '';
  // A comma at the end makes an empty member, which counts only when it is followed by another one.
  const count = members.at(-1) === '' && !/[ \t]$/.test(text) ? members.length - 1 : members.length;
  return count <= 32 && members.some(isFull) && members.filter(isFull).every((each) => MEMBER.test(each));
}

test('traceparent: what is written is read', () => {
  fc.assert(
    fc.property(hexId(32), hexId(16), fc.nat({ max: 3 }), (traceId, spanId, traceFlags) => {
      const text = formatTraceparent(traceId, spanId, traceFlags) as string;
      expect(parseTraceparent(text)).toEqual({ traceId, spanId, traceFlags, isRemote: true });
    }),
  );
});

test('traceparent: any text is read as by core, or is nothing; what is read is sent on, and is read again', () => {
  const hex = fc.string({ unit: from('0123456789abcdefA.g'), minLength: 0, maxLength: 33 });
  const version = fc.constantFrom('00', '01', 'cc', 'ff', '0', '000');
  const flags = fc.constantFrom('00', '01', '02', 'ff', '1', '0g', '01-', '01-more', '01.', '');
  const text = fc.oneof(
    fc.string(),
    fc
      .tuple(space, version, fc.oneof(hexId(32), hex), fc.oneof(hexId(16), hex), flags, space)
      .map(([before, v, traceId, spanId, f, after]) => `${before}${v}-${traceId}-${spanId}-${f}${after}`),
  );
  fc.assert(
    fc.property(text, (traceparent) => {
      const parsed = parseTraceparent(traceparent);
      const core = new W3CTraceContextPropagator();
      const theirs = trace.getSpanContext(
        core.extract(ROOT_CONTEXT, { traceparent: traceparent.replace(/^[ \t]+|[ \t]+$/g, '') }, defaultTextMapGetter),
      );
      expect(parsed?.traceId).toBe(theirs?.traceId);
      expect(parsed?.spanId).toBe(theirs?.spanId);
      if (parsed === undefined) return;
      const sent = formatTraceparent(parsed.traceId, parsed.spanId, parsed.traceFlags) as string;
      expect(sent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-0[0-3]$/);
      const again = parseTraceparent(sent);
      expect(again).toEqual({ ...parsed, traceFlags: parsed.traceFlags & 3 });
    }),
    { numRuns: 1000 },
  );
});

test('tracestate: what the grammar allows is kept, and nothing else', () => {
  fc.assert(
    fc.property(fc.oneof(listText, nearly, fc.string()), (text) => {
      fc.pre(text.length <= 2048);
      const kept = checkTracestate(text);
      expect(kept !== '').toBe(reference(text));
      if (kept !== '' && text.length <= 512) expect(kept).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

test('tracestate: what is kept is at most 512 characters of whole members, in their order; a second pass changes nothing', () => {
  fc.assert(
    fc.property(listText, (text) => {
      const kept = checkTracestate(text);
      expect(kept.length).toBeLessThanOrEqual(512);
      expect(checkTracestate(kept)).toBe(kept);
      const all = splitMembers(text);
      let from = 0;
      for (const each of splitMembers(kept)) {
        from = all.indexOf(each, from) + 1;
        expect(from).toBeGreaterThan(0);
      }
      // A small member is left out only where there is no room for it.
      const small = all.filter((each) => each.length <= 128 && !splitMembers(kept).includes(each));
      if (kept !== '' && small[0] !== undefined) expect(kept.length + 1 + small[0].length).toBeGreaterThan(512);
    }),
    { numRuns: 500 },
  );
});

test('tracestate: what is set is in front, what is unset is gone, and the others keep their order', () => {
  fc.assert(
    fc.property(fc.array(member, { maxLength: 5 }), key, value, (members, name, text) => {
      const state = new WireTraceState(members.join(','));
      const isOther = (each: string) => !each.startsWith(`${name}=`);
      const changed = state.set(name, text);
      expect(changed.get(name)).toBe(text);
      expect(splitMembers(changed.serialize())).toEqual([`${name}=${text}`, ...members.filter(isOther)]);
      expect(splitMembers(changed.unset(name).serialize())).toEqual(members.filter(isOther));
      expect(checkTracestate(changed.serialize())).toBe(changed.serialize());
    }),
  );
});

test('the propagator never throws, whatever the headers, and what it sends is sent on unchanged', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const propagator = new TraceContextPropagator();
  const hop = (carrier: unknown) => {
    const outgoing = {};
    const context = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
    propagator.inject(context, outgoing, defaultTextMapSetter);
    return outgoing;
  };
  const odd = fc.oneof(listText, nearly, fc.anything(), fc.array(fc.oneof(listText, fc.anything()), { maxLength: 4 }));
  fc.assert(
    fc.property(fc.oneof(fc.constant(traceparent), odd), odd, (first, tracestate) => {
      const sent = hop({ traceparent: first, tracestate });
      expect(hop(sent)).toEqual(sent);
    }),
    { numRuns: 500 },
  );
});
