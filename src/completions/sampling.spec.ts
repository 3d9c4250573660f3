import fc from 'fast-check';
import { expect, test } from 'vitest';
import { completionSeed } from './sampling.js';

const promptId = '019a8a5e-0000-7000-8000-000000000001';

test('a seed is what it was yesterday', () => {
  expect(completionSeed(7, promptId, 0)).toBe(40_889_974_816_049);
});

test('seeds are exact integers and differ with batch seed, prompt and index', () => {
  fc.assert(
    fc.property(fc.nat(), fc.uuid(), fc.nat(63), (seed, prompt, index) => {
      const own = completionSeed(seed, prompt, index);
      expect(Number.isSafeInteger(own) && own >= 0).toBe(true);
      const others = [completionSeed(seed + 1, prompt, index), completionSeed(seed, promptId, index), completionSeed(seed, prompt, index + 1)];
      expect(others).not.toContain(own);
    }),
  );
});
