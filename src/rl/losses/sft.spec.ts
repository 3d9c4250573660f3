import { expect, test } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { f32, floats, i64, scalarTensor } from '#src/nn/tensor.js';
import { isLikeliest, sftLoss } from './sft.js';

/** The loss, and its gradient on each log-probability. */
function evaluate(logProbs: number[], mask: number[], tokens: number) {
  const vector = (name: string) => input(name, 'float32', [logProbs.length]);
  const nodes = { logProbs: vector('logProbs'), mask: vector('mask'), tokens: input('tokens', 'float32', []) };
  const loss = sftLoss(nodes);
  const [gradient] = grad(loss, [nodes.logProbs]);
  const feeds = { logProbs: f32(logProbs, [logProbs.length]), mask: f32(mask, [mask.length]), tokens: scalarTensor(tokens) };
  const results = interpret({ loss, gradient }, feeds);
  return { loss: floats(results.loss)[0], gradient: [...floats(results.gradient)] };
}

test('minus the mean log-probability of the tokens that are learned', () => {
  // ln 1/2 and ln 1/8: -(-0.693147 - 2.079442) / 2 = 1.386294, which is ln 4.
  const { loss, gradient } = evaluate([Math.log(0.5), Math.log(0.125)], [1, 1], 2);
  expect(loss).toBeCloseTo(1.386294, 6);
  expect(gradient).toEqual([-0.5, -0.5]);
});

test('what only pads counts neither above nor below the line', () => {
  const { loss, gradient } = evaluate([-1, -3, -100], [1, 1, 0], 2);
  expect(loss).toBeCloseTo(2, 6);
  expect(gradient).toEqual([-0.5, -0.5, -0]);
});

test('parts that divide by the tokens of the whole step add up to it', () => {
  const whole = evaluate([-1, -2, -6], [1, 1, 1], 3);
  const parts = [evaluate([-1, -2], [1, 1], 3), evaluate([-6], [1], 3)];
  expect(parts[0].loss + parts[1].loss).toBeCloseTo(whole.loss, 6);
  expect(whole.loss).toBeCloseTo(3, 6);
  expect(parts.flatMap(({ gradient }) => gradient)).toEqual(whole.gradient);
});

test('the likeliest token, of several each', () => {
  const logits = input('logits', 'float32', [3, 3]);
  const targets = input('targets', 'int64', [3]);
  const feeds = { logits: f32([1, 2, 0, 5, 5, 1, 0, -1, -2], [3, 3]), targets: i64([1, 0, 2], [3]) };
  expect([...floats(interpret({ found: isLikeliest(logits, targets) }, feeds).found)]).toEqual([1, 1, 0]);
});
