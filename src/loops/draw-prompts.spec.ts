import { expect, test } from 'vitest';
import { drawPrompts } from './answer-stages.js';

const practice = Array.from({ length: 20 }, (_, i) => `p${i}`);

test('fresh prompts come before those that were used, in order of the set', () => {
  const used = new Set(practice.slice(0, 15));
  const drawn = drawPrompts(practice, used, 8, 'a');
  expect(drawn).toHaveLength(8);
  expect(drawn.filter((id) => !used.has(id))).toEqual(practice.slice(15));
  expect([...drawn].sort((a, b) => practice.indexOf(a) - practice.indexOf(b))).toEqual(drawn);
});

test('another seed draws others, the same seed the same', () => {
  expect(drawPrompts(practice, new Set(), 8, 'a')).toEqual(drawPrompts(practice, new Set(), 8, 'a'));
  expect(drawPrompts(practice, new Set(), 8, 'a')).not.toEqual(drawPrompts(practice, new Set(), 8, 'b'));
});

test('all of them when there are no more', () => {
  expect(drawPrompts(practice, new Set(['p3']), 50, 'a')).toEqual(practice);
});
