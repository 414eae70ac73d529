/** Comments, which may be nested: what follows an inner one is kept, which only adds words. */
const COMMENT = String.raw`--[^\n]*|\/\*[\s\S]*?\*\/|\*\/`;
/** Text, a quoted name, and PostgreSQL's dollar quotes. */
const QUOTED = String.raw`'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([a-z_]\w*)?\$[\s\S]*?\$\1\$`;

const WITH_QUOTES = new RegExp(`${COMMENT}|${QUOTED}`, 'gi');
const COMMENTS_ALONE = new RegExp(COMMENT, 'g');

/**
 * The statements in `text`: without comments, in upper case, with single spaces, and `''` for what is in quotes. The text
 * is not parsed: where it is in doubt, there are more statements than the server sees. Not for each statement that is
 * sent, because it reads all of the text.
 */
export function statementsIn(text: string): string[] {
  // A backslash may hide the end of a quoted text. Without quotes, a `;` in them begins a statement more.
  const blank = text.includes('\\') ? COMMENTS_ALONE : WITH_QUOTES;
  const plain = text.replace(blank, (found) => (/^(?:--|\/\*|\*\/)/.test(found) ? ' ' : quoted(found)));
  const statements = plain.split(';').map((each) =>
    each
      .replace(/\s+/g, ' ')
      .replace(/^[\s(]+|\s+$/g, '')
      .toUpperCase(),
  );
  return statements.filter((each) => each !== '');
}

/** A name in quotes is kept. */
function quoted(found: string): string {
  return found.startsWith('"') && !found.includes(';') ? found : "''";
}
