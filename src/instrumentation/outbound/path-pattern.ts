/** A path in which `*` stands for any text, slashes included. */
export class PathPattern {
  private readonly first: string;
  private readonly middle: readonly string[];
  /** `undefined`: there is no `*`. */
  private readonly last: string | undefined;
  private readonly word: string;

  constructor(pattern: string) {
    const [first = '', ...others] = pattern.split('*');
    this.first = first;
    this.last = others.pop();
    this.middle = others;
    this.word = longest(pattern.split('*'));
  }

  /** Not by a regular expression: with several `*`, a long path could keep one busy. */
  matches(path: string): boolean {
    if (!path.includes(this.word)) return false;
    const { first, middle, last } = this;
    const [plain = ''] = path.split(/[?#]/, 1);
    if (last === undefined) return plain === first;
    if (!plain.startsWith(first)) return false;
    let end = first.length;
    for (const piece of middle) {
      const start = plain.indexOf(piece, end);
      if (start === -1) return false;
      end = start + piece.length;
    }
    return plain.length - last.length >= end && plain.endsWith(last);
  }
}

export function longest(texts: readonly string[]): string {
  return texts.reduce((one, other) => (other.length > one.length ? other : one));
}
