import {
  type Context,
  defaultTextMapGetter,
  diag,
  propagation,
  type TextMapGetter,
  type TextMapSetter,
} from '@opentelemetry/api';
import { expectPropagator } from './expect-propagator.js';

// The propagator may be foreign code. Its failure (it throws, or writes a value that no header may hold) must not be that of
// the call or the request.

/** As `propagation.inject`; never throws. */
export function inject<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
  try {
    expectPropagator();
    propagation.inject(context, carrier, setter);
  } catch (error) {
    diag.error('a call goes out without what the propagator should have written', error);
  }
}

/** As `propagation.extract`; never throws: `context` itself, where the propagator does. */
export function extract<Carrier>(
  context: Context,
  carrier: Carrier,
  getter: TextMapGetter<Carrier> = defaultTextMapGetter,
): Context {
  try {
    expectPropagator();
    return propagation.extract(context, carrier, getter);
  } catch (error) {
    diag.error('a request is served without what the propagator should have read', error);
    return context;
  }
}
