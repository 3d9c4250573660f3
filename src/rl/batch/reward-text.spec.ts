import { expect, test } from 'vitest';
import { fitTokens } from './reward-text.js';

test.each([
  ['fits as it is', [1, 2], [3, 9], 4, [1, 2, 3, 9], false],
  ['the prompt loses its beginning', [1, 2, 3, 4], [5, 9], 4, [3, 4, 5, 9], true],
  ['the completion loses what is before its last token', [1], [2, 3, 4, 5, 9], 4, [1, 2, 3, 9], true],
  ['both are too long: half for each', [1, 2, 3, 4], [5, 6, 7, 8, 9], 4, [3, 4, 5, 9], true],
  ['an empty completion', [1, 2, 3], [], 2, [2, 3], true],
])('%s', (_name, prompt, completion, maxTokens, ids, truncated) => {
  const fitted = fitTokens(prompt, completion, maxTokens);
  expect([...fitted.prompt, ...fitted.completion]).toEqual(ids);
  expect(fitted.truncated).toBe(truncated);
});
