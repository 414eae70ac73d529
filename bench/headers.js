export const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
/** What three vendors send: the last one is a consistent probability sampler. */
export const TRACESTATE = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,ot=th:8;rv:a1b2c3d4e5f607';
export const BUDGET_MS = 7984;

const FIRST_ENTRIES = ['user_id=u-4711', 'tenant_id=acme', 'session.kind=interactive'];

/** A `baggage` field with entries that are typical of a service in production. */
export function baggageField(entries) {
  const entry = (_, i) => FIRST_ENTRIES[i] ?? `app.flag-${i}=${i % 4 === 0 ? 'on%20for%20beta' : `v${i}`}`;
  return Array.from({ length: entries }, entry).join(',');
}

/**
 * The headers of a request between two services, as Node's http server passes them on.
 *
 * @param {Record<string, string>} propagated what it has beside traceparent and timebudget
 */
export function requestHeaders(propagated) {
  const fields = {
    host: 'orders.internal:8080',
    connection: 'keep-alive',
    accept: 'application/json',
    'content-type': 'application/json',
    'content-length': '182',
    'user-agent': 'node',
    'accept-encoding': 'gzip, deflate',
    traceparent: TRACEPARENT,
    ...propagated,
    timebudget: String(BUDGET_MS),
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, asReceived(value)]));
}

/** A string made from bytes, as Node's parser makes it: some caches of V8 work for literals only. */
function asReceived(text) {
  return Buffer.from(text, 'latin1').toString('latin1');
}
