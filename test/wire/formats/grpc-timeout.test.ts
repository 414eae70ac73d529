import { grpcTimeout } from '../../../src/wire/formats/grpc-timeout.js';
import { parse } from './wall-clock.js';

// The units below a ms are fractions, which a double does not hold exactly.
test.each([
  ['u', 1000, 99_999],
  ['n', 1_000_000, 99],
])('every whole ms in %s is read as that, and what is just below as one less', (unit, perMs, most) => {
  for (let ms = 1; ms <= most; ms++) {
    if (parse(grpcTimeout, `${ms * perMs}${unit}`) !== ms) throw new Error(`${ms * perMs}${unit}`);
    if (parse(grpcTimeout, `${ms * perMs - 1}${unit}`) !== ms - 1) throw new Error(`${ms * perMs - 1}${unit}`);
  }
});
