import { expect, test } from 'vitest';
import { copyText, rowColumn } from './entity-rows.js';

const column = (propertyName: string, type: 'uuid' | 'text' | 'jsonb' | 'double precision', isArray = false) =>
  rowColumn({ propertyName, databaseName: propertyName, type, isArray });

test('fields lie between tabs; null is not the text that stands for it', () => {
  const columns = [column('a', 'text'), column('b', 'double precision'), column('c', 'text'), column('d', 'text'), column('e', 'text')];
  expect(copyText(columns, [{ a: 'a', b: 1.5, c: null, d: '', e: '\\N' }])).toBe('a\t1.5\t\\N\t\t\\\\N\n');
});

test('what ends fields and lines is escaped', () => {
  const columns = ['a', 'b', 'c', 'd'].map((name) => column(name, 'text'));
  expect(copyText(columns, [{ a: 'a\tb', b: 'c\nd\re', c: '\\', d: '猫' }])).toBe('a\\tb\tc\\nd\\re\t\\\\\t猫\n');
});

test('lists and objects go as texts, whatever stands in them', () => {
  const columns = [column('list', 'text', true), column('object', 'jsonb')];
  expect(copyText(columns, [{ list: ['a', 'b "c" \\ ,{}'], object: { a: 'x\ty' } }, { list: [], object: null }])).toBe(
    '{"a","b \\\\"c\\\\" \\\\\\\\ ,{}"}\t{"a":"x\\\\ty"}\n{}\t\\N\n',
  );
});
