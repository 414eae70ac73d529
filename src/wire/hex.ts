/** The value of a lower-case hexadecimal digit by its code; -1 for anything else in ASCII. */
const digits = Int8Array.from({ length: 128 }, (_, code) => '0123456789abcdef'.indexOf(String.fromCharCode(code)));

/** The octet of the two lower-case hexadecimal digits at `index`; negative when one of them is something else. */
export function hexOctet(text: string, index: number): number {
  return (digit(text.charCodeAt(index)) << 4) | digit(text.charCodeAt(index + 1));
}

/** Whether the characters from `start` to `end` are lower-case hexadecimal digits, and not all of them 0. */
export function isHexId(text: string, start: number, end: number): boolean {
  // No branch for a character: a regular expression takes longer, as does a look at each digit.
  let values = 0;
  let codes = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    values |= digits[code] as number;
    codes |= code;
  }
  return values > 0 && codes < digits.length;
}

function digit(code: number): number {
  return digits[code] ?? -1;
}
