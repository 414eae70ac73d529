import { type Context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { ALLOW_ALL_BAGGAGE_KEYS, BaggageSpanProcessor } from '@opentelemetry/baggage-span-processor';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { BoundedBaggagePropagator } from '../../src/propagation/baggage/propagator.js';
import { baggageOf, extract } from '../support/baggage/carrier.js';

const propagator = new BoundedBaggagePropagator();

/** The attributes of a span that is started in `context`. */
async function attributesIn(context: Context, predicate = ALLOW_ALL_BAGGAGE_KEYS) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    spanProcessors: [new BaggageSpanProcessor(predicate), new SimpleSpanProcessor({ exporter })],
  });
  provider.getTracer('test').startSpan('span', {}, context).end();
  const [span] = exporter.getFinishedSpans();
  await provider.shutdown();
  return span?.attributes;
}

test('received baggage becomes attributes', async () => {
  expect(await attributesIn(extract(propagator, 'user=Am%C3%A9lie;p,plan = gold ,empty=,100%=5%'))).toEqual({
    user: 'Amélie',
    plan: 'gold',
    empty: '',
    '100%': '5%',
  });
});

test("as core's does", async () => {
  const field = 'user=Am%C3%A9lie;p,plan = gold ,id=a%3Db';
  const [ours, theirs] = await Promise.all(
    [propagator, new W3CBaggagePropagator()].map((each) => attributesIn(extract(each, field))),
  );
  expect(ours).toEqual(theirs);
});

test('the predicate is asked for each key', async () => {
  const context = extract(propagator, 'app.user=alice,other=1,app.plan=gold');
  expect(await attributesIn(context, (key) => key.startsWith('app.'))).toEqual({
    'app.user': 'alice',
    'app.plan': 'gold',
  });
});

test('merged and changed baggage too', async () => {
  const before = propagation.setBaggage(ROOT_CONTEXT, baggageOf(['own', '1'], ['both', 'own']));
  const context = extract(propagator, 'both=theirs,gone=1', before);
  const changed = propagation.getBaggage(context)?.removeEntry('gone').setEntry('new', { value: '2' });
  expect(await attributesIn(propagation.setBaggage(context, changed ?? baggageOf()))).toEqual({
    own: '1',
    both: 'theirs',
    new: '2',
  });
});

test('no baggage, no attributes', async () => {
  expect(await attributesIn(extract(propagator, 'x y'))).toEqual({});
});
