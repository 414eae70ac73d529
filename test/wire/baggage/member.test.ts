import {
  formatBaggageMember,
  parseBaggageKey,
  parseBaggageMember,
  validProperties,
} from '../../../src/wire/baggage/member.js';

test.each([
  ['k=v', 'k', 'v', undefined],
  ['k=', 'k', '', undefined],
  ['k==', 'k', '=', undefined],
  ['k=a=b', 'k', 'a=b', undefined],
  ['k \t=\t v', 'k', 'v', undefined],
  ['k=v;p', 'k', 'v', 'p'],
  ['k=;p=1', 'k', '', 'p=1'],
  ['k = v ; p = 1 ;q', 'k', 'v', ' p = 1 ;q'],
  ['k=v;p=a=b', 'k', 'v', 'p=a=b'],
  ['k=%20v%20', 'k', ' v ', undefined],
  ['k=v;p=%20', 'k', 'v', 'p=%20'],
  ['k%20=v', 'k%20', 'v', undefined],
  ['a#b=v', 'a#b', 'v', undefined],
  ['__proto__=v', '__proto__', 'v', undefined],
])('%j has its key, value and properties', (text, key, value, properties) => {
  expect(parseBaggageMember(text)).toEqual({ key, value, properties });
  expect(parseBaggageKey(text)).toBe(key);
});

test.each([
  ['k', 'v', '', 'k=v'],
  ['k', '', '', 'k='],
  ['k', 'a=b', ';p;q=1', 'k=a=b;p;q=1'],
  ['k', ' v ', '', 'k=%20v%20'],
  ['a#b', 'v', '', 'a#b=v'],
  ['a%23b', 'v', '', 'a%23b=v'],
  ['__proto__', 'v', '', '__proto__=v'],
])('%j, %j and %j are written as %j', (key, value, properties, text) => {
  expect(formatBaggageMember(key, value, properties)).toBe(text);
});

test.each([[''], [' '], ['a b'], ['a=b'], ['a,b'], ['a;b'], ['clé'], ['a\r\nb'], ['\ud800'], ['"a"'], ['a/b']])(
  'the key %j cannot be sent',
  (key) => {
    expect(formatBaggageMember(key, 'v', '')).toBeUndefined();
  },
);

test.each([
  ['p', ';p'],
  ['p=1', ';p=1'],
  ['p=', ';p='],
  ['p=a=b', ';p=a=b'],
  ['p;q=1', ';p;q=1'],
  [' p = 1', '; p = 1'],
  ['p=%zz', ';p=%zz'],
  ['p=!#$&()*+-./:<=>?@[]^_`{|}~', ';p=!#$&()*+-./:<=>?@[]^_`{|}~'],
])('the properties %j are kept byte for byte', (properties, kept) => {
  expect(validProperties(properties)).toBe(kept);
});

test.each([
  ['', ''],
  [';', ''],
  [';p;;q;', ';p;q'],
  ['p q', ''],
  ['p;q r;s', ';p;s'],
  ['p=a b;q', ';q'],
  ['=1', ''],
  ['p="1"', ''],
  ['p=a\\b', ''],
  ['p=1,admin=true', ''],
  ['p,admin=true;q', ';q'],
  ['p=1\r\nx-admin: 1', ''],
  ['p\n', ''],
  ['p\u0000', ''],
  ['p=é;q', ';q'],
  ['clé=1', ''],
  ['p=1\u00a0', ''],
  ['p=\u2028', ''],
  ['p=\ud800', ''],
  ['\u012c', ''],
])('what is no property in %j is left out', (properties, kept) => {
  expect(validProperties(properties)).toBe(kept);
});
