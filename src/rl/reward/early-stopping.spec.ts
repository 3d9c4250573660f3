import { beforeAnyEvaluation, defaultEarlyStopping, isEvaluated, isStale, observe, type RewardEarlyStopping } from './early-stopping.js';
import { expect, test } from 'vitest';

const rule: RewardEarlyStopping = { ...defaultEarlyStopping, patience: 2 };

function run(given: RewardEarlyStopping, evaluations: { loss: number; accuracy: number }[]) {
  let state = beforeAnyEvaluation;
  for (const [i, evaluation] of evaluations.entries()) {
    const seen = observe(given, state, { ...evaluation, step: i + 1 });
    if (isStale(given, seen.state)) return { stoppedAt: i + 1, best: seen.state.best?.step };
    state = seen.state;
  }
  return { stoppedAt: null, best: state.best?.step };
}

const losses = (...values: number[]) => values.map((loss) => ({ loss, accuracy: 0.5 }));

test('stops after so many evaluations without a new best, and remembers the best', () => {
  expect(run(rule, losses(0.9, 0.8, 0.85, 0.81, 0.1))).toEqual({ stoppedAt: 4, best: 2 });
  expect(run(rule, losses(0.9, 0.95, 0.8, 0.85, 0.7))).toEqual({ stoppedAt: null, best: 5 });
});

test('an improvement too small is none, and equal is none', () => {
  expect(run({ ...rule, minImprovement: 0.05 }, losses(0.9, 0.88, 0.86))).toEqual({ stoppedAt: 3, best: 1 });
  expect(run(rule, losses(0.9, 0.9, 0.9))).toEqual({ stoppedAt: 3, best: 1 });
});

test('accuracy is better when it is higher; a loss that is no number is never better', () => {
  const accuracies = [0.6, 0.7, 0.65, 0.69].map((accuracy) => ({ loss: 0, accuracy }));
  expect(run({ ...rule, metric: 'accuracy' }, accuracies)).toEqual({ stoppedAt: 4, best: 2 });
  expect(run(rule, losses(0.9, Number.NaN, Number.NaN))).toEqual({ stoppedAt: 3, best: 1 });
});

test('evaluates every so many steps and after the last', () => {
  const every = { ...rule, evaluateEvery: 3 };
  expect([1, 2, 3, 4, 5, 6, 7].filter((step) => isEvaluated(every, step, 7))).toEqual([3, 6, 7]);
});
