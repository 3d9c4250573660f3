import { expect, test } from 'vitest';
import { mostDisputed } from './selection.js';

test('the prompts on whose answers the members differ most, highest first', () => {
  const completions = [
    { promptId: 'a', deviation: 0.1 },
    { promptId: 'a', deviation: 0.3 },
    { promptId: 'b', deviation: 0.9 },
    { promptId: 'b', deviation: 0.1 },
    { promptId: 'c', deviation: 0.25 },
  ];
  const chosen = mostDisputed(completions, 2);
  expect(chosen.promptIds).toEqual(['b', 'c']);
  expect(chosen.chosenDisagreement).toBeCloseTo((0.5 + 0.25) / 2, 12);
  expect(chosen.meanDisagreement).toBeCloseTo((0.2 + 0.5 + 0.25) / 3, 12);
});

test('ties go by id, whatever the order of the rows; fewer prompts than asked for are all chosen', () => {
  const rows = ['z', 'm', 'a'].map((promptId) => ({ promptId, deviation: 1 }));
  expect(mostDisputed(rows, 2).promptIds).toEqual(['a', 'm']);
  expect(mostDisputed([...rows].reverse(), 9).promptIds).toEqual(['a', 'm', 'z']);
  expect(mostDisputed([], 3)).toEqual({ promptIds: [], meanDisagreement: 0, chosenDisagreement: 0 });
});
