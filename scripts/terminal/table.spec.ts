import { expect, test } from 'vitest';
import { table, wrap } from './table.js';

test('columns are as wide as their widest cell', () => {
  expect(table(['name', 'n'], [['a', '1'], ['longer', '22']]).split('\n')).toEqual(['name    n', '------  --', 'a       1', 'longer  22']);
});

test('within a width the last column goes on below itself, and breaks in a cell stay', () => {
  const text = table(['name', 'what'], [['a', 'one two three four'], ['b', 'five\nsix']], 16);
  expect(text.split('\n')).toEqual(['name  what', '----  ----------', 'a     one two', '      three four', 'b     five', '      six']);
  expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(16);
});

test('a word longer than the width has a line of its own', () => {
  expect(wrap('see http://a.very/long/link now', 10)).toEqual(['see', 'http://a.very/long/link', 'now']);
});
