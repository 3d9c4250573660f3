import { expect, test } from 'vitest';
import { promptsOfStep } from './rollouts.js';

const steps = (count: number, perStep: number, seed: number, n: number) =>
  Array.from({ length: n }, (_, step) => promptsOfStep(count, perStep, seed, step)).flat();

test('every pass holds every prompt once, in an order of its own', () => {
  const order = steps(10, 4, 1, 5);
  const [first, second] = [order.slice(0, 10), order.slice(10)];
  expect([...first].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect([...second].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(first).not.toEqual(second);
});

test('a step does not depend on those before it, and the seed decides', () => {
  expect(promptsOfStep(10, 4, 1, 3)).toEqual(steps(10, 4, 1, 4).slice(12));
  expect(steps(10, 4, 2, 5)).not.toEqual(steps(10, 4, 1, 5));
});

test('fewer prompts than a step takes are repeated', () => {
  expect(promptsOfStep(2, 5, 1, 0).slice(0, 2).sort()).toEqual([0, 1]);
  expect(promptsOfStep(2, 5, 1, 0)).toHaveLength(5);
});
