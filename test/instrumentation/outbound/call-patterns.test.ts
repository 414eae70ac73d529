import { CallPatterns } from '../../../src/instrumentation/outbound/call-patterns.js';
import { DEFAULT_SHARED_CALLS, sharedCalls } from '../../../src/instrumentation/outbound/shared-calls.js';

describe('a pattern', () => {
  test.each<[pattern: string, origin: string, path: string, matches: boolean]>([
    ['http://a/keys', 'http://a', '/keys', true],
    ['http://a/keys', 'http://a', '/keys/1', false],
    ['http://a/keys', 'http://a', '/', false],
    ['http://a/keys', 'http://b', '/keys', false],
    ['http://a/keys', 'https://a', '/keys', false],
    ['http://a/keys', 'http://a:8080', '/keys', false],
    ['http://a/keys*', 'http://a', '/keys', true],
    ['http://a/keys*', 'http://a', '/keys/1/2', true],
    ['http://a/*/keys', 'http://a', '/x/y/keys', true],
    ['http://a/*/keys', 'http://a', '/keys', false],
    ['http://a/*b*c', 'http://a', '/abc', true],
    ['http://a/*b*c', 'http://a', '/acb', false],
    ['http://a/x*xy', 'http://a', '/xy', false],
    ['http://a/x*xy', 'http://a', '/xxy', true],
    ['http://a/.', 'http://a', '/x', false],
    // In the origin.
    ['*/keys', 'http://a', '/keys', true],
    ['*/keys', 'https://b:8443', '/keys', true],
    ['*/keys', 'http://a', '/v1/keys', true],
    ['*/*', 'http://a', '/', true],
    ['*://a:*/*', 'https://a:8443', '/x', true],
    ['*://a:*/*', 'https://a', '/x', false],
    ['https://*.internal/*', 'https://flags.internal', '/x', true],
    ['https://*.internal/*', 'https://internal', '/x', false],
    ['https://*.internal/*', 'https://flags.internal.evil', '/x', false],
    ['https://*.internal/*', 'https://evil', '/.internal/x', false],
    ['http://a*/keys', 'http://ab', '/c/keys', false],
    ['http://a*/keys', 'http://ab', '/keys', true],
    ['http://a*/keys', 'http://a', '/keys', true],
    ['http://a*a/keys', 'http://aba', '/keys', true],
    // Upper and lower case differ in the path alone.
    ['http://Vault/Keys', 'HTTP://VAULT', '/Keys', true],
    ['http://Vault/Keys', 'http://vault', '/keys', false],
    // An origin as an application may write it.
    ['http://a/keys', 'http://a:80/', '/keys', true],
    ['http://a/keys', 'http://me:secret@a', '/keys', true],
    // The query and the fragment don't count.
    ['http://a/keys', 'http://a', '/keys?from=x', true],
    ['http://a/keys', 'http://a', '/keys#x', true],
    ['*/keys', 'http://a', '/?to=/keys', false],
    ['*/keys/*', 'http://a', '/?to=/keys/', false],
    // A request to a proxy.
    ['http://a/keys', 'http://proxy:3128', 'http://a/keys', true],
    ['http://a/keys', 'http://proxy:3128', 'http://me:secret@a/keys?x', true],
    ['http://proxy:3128/*', 'http://proxy:3128', 'http://a/keys', false],
    // gRPC.
    ['dns:stock:50051/stock.Stock/*', 'dns:stock:50051', '/stock.Stock/Get', true],
    ['unix:/run/stock/stock.Stock/*', 'unix:/run/stock', '/stock.Stock/Get', true],
    ['*/stock.Stock/*', 'dns:stock:50051', '/stock.Stock/Get', true],
    ['*/stock.Stock/*', 'dns:stock:50051', '/stock.StockAdmin/Get', false],
  ])('%s, %s%s: %p', (pattern, origin, path, matches) => {
    const patterns = new CallPatterns(['http://other/other', pattern]);
    // The second time from what is kept of the origin.
    for (const _ of [1, 2]) expect(patterns.has(origin, path)).toBe(matches);
  });
});

describe('by default', () => {
  const patterns = new CallPatterns(DEFAULT_SHARED_CALLS);

  test.each([
    ['http://127.0.0.1:8080', '/.well-known/jwks.json'],
    ['https://issuer.example', '/realms/a/.well-known/openid-configuration'],
    ['http://169.254.169.254', '/latest/api/token'],
    ['http://169.254.169.254:80', '/metadata/identity/oauth2/token?api-version=2018-02-01'],
    ['http://169.254.170.2', '/v2/credentials/x'],
    ['http://metadata.google.internal', '/computeMetadata/v1/instance/service-accounts/default/token'],
    ['https://metadata.google.internal:8443', '/'],
  ])('%s%s is shared', (origin, path) => {
    expect(patterns.has(origin, path)).toBe(true);
    expect(patterns.mayHave(origin + path)).toBe(true);
  });

  test.each([
    ['https://issuer.example', '/oauth2/token'],
    ['https://issuer.example', '/well-known/jwks.json'],
    ['https://issuer.example', '/login?to=/.well-known/jwks.json'],
    ['http://169.254.169.253', '/latest/api/token'],
    ['http://metadata.google.internal.example', '/'],
    ['http://proxy', '/http://169.254.169.254/'],
  ])('%s%s is not', (origin, path) => {
    expect(patterns.has(origin, path)).toBe(false);
  });

  test('most calls are told apart by their URL alone', () => {
    expect(patterns.mayHave('https://api.example/orders/17?expand=lines')).toBe(false);
  });
});

test('what is kept of origins does not grow without end', () => {
  const patterns = new CallPatterns(['*/keys']);
  for (let i = 0; i < 5_000; i++) patterns.has(`http://host-${i}`, '/keys');
  const kept = Object.values(patterns).find((value) => value instanceof Map) as Map<string, unknown>;
  expect(kept.size).toBeLessThanOrEqual(1_000);
});

test('a path that has been made to match for long takes no time', () => {
  const patterns = new CallPatterns(['*/a*a*a*a*a*a*a*a*a*a*b']);
  const start = process.hrtime.bigint();
  expect(patterns.has('http://a', `/${'a'.repeat(60_000)}`)).toBe(false);
  expect(Number(process.hrtime.bigint() - start) / 1e6).toBeLessThan(1_000);
});

test.each(['/.well-known/../orders', '/orders/.well-known/..', '/.well-known/%2E%2e/orders', '/.well-known/./x?y'])(
  'a path that a server may take for another one matches nothing: %s',
  (path) => {
    expect(new CallPatterns(['*/.well-known/*']).has('http://a', path)).toBe(false);
  },
);

test.each([
  ['GET', true],
  ['HEAD', true],
  ['POST', false],
  ['DELETE', false],
])('by default %s of a well-known address is shared: %s', (method, expected) => {
  const has = sharedCalls('client.shared', undefined)?.has(
    'http://a',
    '/.well-known/jwks.json',
    () => `${method} http://a`,
  );
  expect(has).toBe(expected);
});

test('by default what writes to a metadata service is shared: it asks for a token by PUT', () => {
  const shared = sharedCalls('client.shared', undefined);
  expect(shared?.has('http://169.254.169.254', '/latest/api/token', () => 'PUT http://169.254.169.254')).toBe(true);
});
