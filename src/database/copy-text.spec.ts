import { expect, test } from 'vitest';
import { copyLine } from './copy-rows.js';

test('fields lie between tabs; null is not the text that stands for it', () => {
  expect(copyLine(['a', 1.5, null, '', '\\N'])).toBe('a\t1.5\t\\N\t\t\\\\N\n');
});

test('what ends fields and lines is escaped', () => {
  expect(copyLine(['a\tb', 'c\nd\re', '\\', '猫'])).toBe('a\\tb\tc\\nd\\re\t\\\\\t猫\n');
});
