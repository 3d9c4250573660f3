import { expect, test } from 'vitest';
import { generalizedAdvantages } from './gae.js';

const close = (actual: ArrayLike<number>, expected: number[]) => expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 12));

test('three tokens worked out by hand', () => {
  // delta = [0 + .5 * 2 - 1, -1 + .5 * 3 - 2, 4 + 0 - 3] = [0, -1.5, 1]; gamma lambda = 0.4
  // A = [0 + .4 (-1.1), -1.5 + .4 * 1, 1] = [-0.44, -1.1, 1]
  const { advantages, returns } = generalizedAdvantages([0, -1, 4], [1, 2, 3], { gamma: 0.5, lambda: 0.8 });
  close(advantages, [-0.44, -1.1, 1]);
  close(returns, [0.56, 0.9, 4]);
});

test('with gamma and lambda 1 the return is the reward to go, whatever the values', () => {
  const rewards = [-0.1, -0.2, 0.3, 1.5];
  const { advantages, returns } = generalizedAdvantages(rewards, [9, -4, 0.5, 2], { gamma: 1, lambda: 1 });
  close(returns, [1.5, 1.6, 1.8, 1.5]);
  close(advantages, [1.5 - 9, 1.6 + 4, 1.8 - 0.5, 1.5 - 2]);
});

test('with lambda 0 it is the one-step error', () => {
  const { advantages } = generalizedAdvantages([1, 2], [0.5, 0.25], { gamma: 0.9, lambda: 0 });
  close(advantages, [1 + 0.9 * 0.25 - 0.5, 2 - 0.25]);
});

test('values that are right leave no advantage', () => {
  const { advantages } = generalizedAdvantages([0, 0, 2], [2, 2, 2], { gamma: 1, lambda: 0.95 });
  close(advantages, [0, 0, 0]);
});
