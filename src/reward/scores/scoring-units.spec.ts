import { expect, test } from 'vitest';
import { scoringUnits, textHash } from './scoring-units.js';

test('the hash knows where the prompt ends', () => {
  expect(textHash({ prompt: 'ab', completion: 'c' })).not.toBe(textHash({ prompt: 'a', completion: 'bc' }));
  expect(textHash({ prompt: 'a', completion: 'b' })).toBe(textHash({ prompt: 'a', completion: 'b' }));
});

test('equal texts are one unit, with the completions that have them', () => {
  const completion = (completionId: string, text: string) => ({ completionId, prompt: 'p', completion: text });
  const units = scoringUnits([completion('1', 'a'), completion('2', 'b'), completion('3', 'a')], [
    { prompt: 'p', completion: 'b' },
    { prompt: 'q', completion: 'b' },
  ]);
  expect(units.map(({ prompt, completion: text, completionIds }) => [prompt, text, completionIds])).toEqual([
    ['p', 'a', ['1', '3']],
    ['p', 'b', ['2']],
    ['q', 'b', []],
  ]);
  expect(new Set(units.map(({ hash }) => hash)).size).toBe(3);
});
