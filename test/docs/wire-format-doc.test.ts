import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { timebudget } from '../../src/wire/formats/timebudget.js';
import { parse, send } from '../wire/formats/wall-clock.js';

const text = readFileSync(join(__dirname, '../../docs/wire-format.md'), 'utf8');

/** The cells of the table whose head begins with `column`, without its last, the reason. */
function rowsUnder(column: string): [string, string][] {
  const [, , ...rows] = /^\|.*(?:\n\|.*)*/.exec(text.slice(text.indexOf(`\n| ${column} |`) + 1))?.[0].split('\n') ?? [];
  return rows.map((row) => {
    const [, first = '', second = ''] = row.split('|').map((cell) => cell.trim());
    return [first, second];
  });
}

/** The text in a code span, with `‹x×n›` written out. */
function fieldValue(cell: string): string {
  if (cell === '(empty)') return '';
  const quoted = /^`(.*)`$/.exec(cell)?.[1];
  if (quoted === undefined) throw new Error(`not a code span: ${cell}`);
  return quoted.replace(/‹(.)×(\d+)›/g, (_, character: string, times: string) => character.repeat(Number(times)));
}

const received = rowsUnder('field value');
const sent = rowsUnder('ms left');

test('the tables are found whole', () => {
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  expect(received.length + sent.length).toBe(rows.length - 2);
  expect(received.filter(([, ms]) => ms === 'ignored').length).toBeGreaterThan(25);
  expect(received.filter(([, ms]) => /^\d+$/.test(ms)).length).toBeGreaterThan(25);
  expect(sent.length).toBeGreaterThan(5);
});

test.each(received)('%s is read as %s', (cell, ms) => {
  expect(parse(timebudget, fieldValue(cell))).toBe(ms === 'ignored' ? null : Number(ms));
});

test.each(sent)('%s ms left are sent as %s', (left, cell) => {
  expect(send(timebudget, Number(left))).toBe(fieldValue(cell));
});
