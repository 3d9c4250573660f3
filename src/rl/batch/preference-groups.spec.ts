import { expect, test } from 'vitest';
import { groupByPrompt, splitLargeGroups, type PreferenceGroup } from './preference-groups.js';

test('each completion of a prompt is kept once', () => {
  const groups = groupByPrompt([
    { prompt: 'p', chosen: 'a', rejected: 'b' },
    { prompt: 'q', chosen: 'a', rejected: 'c' },
    { prompt: 'p', chosen: 'a', rejected: 'c', margin: 2 },
    { prompt: 'p', chosen: 'b', rejected: 'c' },
  ]);
  expect(groups).toEqual([
    {
      prompt: 'p',
      completions: ['a', 'b', 'c'],
      pairs: [
        { chosen: 0, rejected: 1, margin: 0 },
        { chosen: 0, rejected: 2, margin: 2 },
        { chosen: 1, rejected: 2, margin: 0 },
      ],
    },
    { prompt: 'q', completions: ['a', 'c'], pairs: [{ chosen: 0, rejected: 1, margin: 0 }] },
  ]);
});

const texts = ({ completions, pairs }: PreferenceGroup): string[] =>
  pairs.map(({ chosen, rejected }) => `${completions[chosen]}>${completions[rejected]}`);

test('a group that is too large is cut without losing a pair', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const pairs = names.flatMap((chosen, i) => names.slice(i + 1).map((rejected) => ({ prompt: 'p', chosen, rejected })));
  const [whole] = groupByPrompt(pairs);
  const cut = splitLargeGroups([whole], 4);
  expect(cut.length).toBeGreaterThan(1);
  expect(Math.max(...cut.map((group) => group.completions.length))).toBeLessThanOrEqual(4);
  expect(cut.flatMap(texts)).toEqual(texts(whole));
  expect(splitLargeGroups([whole], 6)).toEqual([whole]);
  expect(() => splitLargeGroups([whole], 1)).toThrow('at least 2');
});
