import { type Context, propagation, trace } from '@opentelemetry/api';

/** Where a `Context` has its span. */
export const SPAN_KEY = learnKey((context) => trace.getSpan(context));
/** Where a `Context` has its baggage. */
export const BAGGAGE_KEY = learnKey((context) => propagation.getBaggage(context));

/** The key that the api looks up. The api does not export its keys, but passes them to `getValue` of this probe. */
function learnKey(lookUp: (context: Context) => unknown): symbol {
  let key = Symbol();
  lookUp({
    getValue: (asked: symbol) => {
      key = asked;
    },
  } as Context);
  return key;
}
