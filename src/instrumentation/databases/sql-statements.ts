/** Comments. They may be nested: the end of an outer one is found alone, and a statement may begin behind it. */
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
  const plain = text.replace(blank, inItsPlace);
  const statements = plain.split(';').map((each) =>
    each
      .replace(/\s+/g, ' ')
      .replace(/^[\s(]+|\s+$/g, '')
      .toUpperCase(),
  );
  return statements.filter((each) => each !== '');
}

/** What stands for a comment or for something in quotes. A name in quotes is kept. */
function inItsPlace(found: string): string {
  if (found === '*/') return ';';
  if (/^(?:--|\/\*)/.test(found)) return ' ';
  return found.startsWith('"') && !found.includes(';') ? found : "''";
}
