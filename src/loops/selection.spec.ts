import { expect, test } from 'vitest';
import { mostDisputed } from './selection.js';

/** Two answers, two members: the second member sees the second answer `gap` above the first, the first sees no difference. */
const prompt = (promptId: string, gap: number, offset = 0) => [
  { promptId, memberScores: [0, offset] },
  { promptId, memberScores: [0, offset + gap] },
];

test('the prompts on whose answers the members differ most, highest first', () => {
  const chosen = mostDisputed([...prompt('a', 0.2), ...prompt('b', 1), ...prompt('c', 0.6)], 2);
  expect(chosen.promptIds).toEqual(['b', 'c']);
  // The deviation of the two members' gaps, 0 and g, is g / 2.
  expect(chosen.chosenDisagreement).toBeCloseTo((0.5 + 0.3) / 2, 12);
  expect(chosen.meanDisagreement).toBeCloseTo((0.1 + 0.5 + 0.3) / 3, 12);
});

test('a member that scores everything higher disagrees with nobody', () => {
  expect(mostDisputed([...prompt('far', 0, 100), ...prompt('near', 0.1)], 1).promptIds).toEqual(['near']);
});

test('ties go by id, whatever the order of the rows; fewer prompts than asked for are all chosen', () => {
  const rows = ['z', 'm', 'a'].flatMap((promptId) => prompt(promptId, 1));
  expect(mostDisputed(rows, 2).promptIds).toEqual(['a', 'm']);
  expect(mostDisputed([...rows].reverse(), 9).promptIds).toEqual(['a', 'm', 'z']);
  expect(mostDisputed([], 3)).toEqual({ promptIds: [], meanDisagreement: 0, chosenDisagreement: 0 });
  expect(mostDisputed([{ promptId: 'single', memberScores: [1, 2] }], 1).meanDisagreement).toBe(0);
});
