import { expect, test } from 'vitest';
import { cut, storableText } from './text.js';

test('never half a character, never more than asked for', () => {
  const text = `${'a'.repeat(116)}😀 and more`;
  expect(cut(text, 120)).toBe(`${'a'.repeat(116)}...`);
  for (let length = 3; length <= 40; length++) {
    const short = cut('😀'.repeat(30), length);
    expect(short.length).toBeLessThanOrEqual(length);
    expect(short).not.toMatch(/\p{Surrogate}/u);
  }
  expect(cut('short 😀', 120)).toBe('short 😀');
  expect(cut('e😀😀', 2, '')).toBe('e');
});

test('nothing that the database refuses', () => {
  expect(storableText('a\0b\ud83dc\ude00d😀')).toBe('a\ufffdb\ufffdc\ufffdd😀');
  expect(cut('\0'.repeat(200), 120)).toBe(`${'\ufffd'.repeat(117)}...`);
});
