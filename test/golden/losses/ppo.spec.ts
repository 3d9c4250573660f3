// PPO's rewards, advantages and losses against the lines of TRL's PPOTrainer; tools/oracles/ppo.py wrote the file.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { f32, floats } from '#src/nn/tensor.js';
import { generalizedAdvantages, whiten } from '#src/rl/losses/gae.js';
import { clippedValueLoss, ppoPolicyLoss } from '#src/rl/losses/ppo.js';
import { tokenKl, tokenRewards, type KlEstimator } from '#src/rl/losses/token-rewards.js';

interface Advantages {
  lengths: number[];
  beta: number;
  gamma: number;
  lambda: number;
  klEstimator: KlEstimator;
  whitenRewards: boolean;
  logProbs: number[];
  ref: number[];
  values: number[];
  scores: number[];
  rewards: number[];
  advantages: number[];
  returns: number[];
  whitened: number[];
}
interface Losses {
  clip: number;
  valueClip: number;
  logProbs: number[];
  old: number[];
  advantages: number[];
  values: number[];
  oldValues: number[];
  returns: number[];
  policyLoss: number;
  policyGradient: number[];
  valueLoss: number;
  valueGradient: number[];
  metrics: Record<string, number>;
}

const golden = JSON.parse(readFileSync(new URL('ppo.json', import.meta.url), 'utf8')) as { advantages: Advantages[]; losses: Losses[] };

function expectClose(actual: readonly ArrayLike<number>[], expected: readonly number[]): void {
  const flat = actual.flatMap((values) => Array.from(values));
  expect(flat).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(flat[i], `value ${i}`).toBeCloseTo(value, 5));
}

describe('rewards of tokens and advantages', () => {
  test.each(golden.advantages)('beta $beta, gamma $gamma, lambda $lambda, $klEstimator, rewards whitened: $whitenRewards', (given) => {
    const { lengths, scores, beta } = given;
    const starts = lengths.map((_, c) => lengths.slice(0, c).reduce((total, length) => total + length, 0));
    const byCompletion = (values: number[]): number[][] => lengths.map((length, c) => values.slice(starts[c], starts[c] + length));
    const [own, ref, values] = [byCompletion(given.logProbs), byCompletion(given.ref), byCompletion(given.values)];
    const plain = own.map((of, c) => tokenRewards(tokenKl(of, ref[c], given.klEstimator), scores[c], beta));
    const rewards = given.whitenRewards ? whiten(plain, true) : plain;
    const targets = rewards.map((of, c) => generalizedAdvantages(of, values[c], given));
    expectClose(rewards, given.rewards);
    expectClose(targets.map(({ advantages }) => advantages), given.advantages);
    expectClose(targets.map(({ returns }) => returns), given.returns);
    expectClose(whiten(targets.map(({ advantages }) => advantages)), given.whitened);
  });
});

describe('losses and their gradients', () => {
  test.each(golden.losses)('clipped to $clip, values to $valueClip', (given) => {
    const count = given.logProbs.length;
    const { clip, valueClip, metrics, policyLoss, valueLoss, policyGradient, valueGradient, ...series } = given;
    const lists = { ...series, weights: Array.from({ length: count }, () => 1 / count) };
    const names = ['logProbs', 'old', 'advantages', 'values', 'oldValues', 'returns', 'weights'] as const;
    const at = Object.fromEntries(names.map((name) => [name, input(name, 'float32', [count])])) as Record<(typeof names)[number], ReturnType<typeof input>>;
    const policy = ppoPolicyLoss({ logProbs: at.logProbs, oldLogProbs: at.old, advantages: at.advantages, weights: at.weights }, { clipLow: clip, clipHigh: clip });
    const value = clippedValueLoss({ values: at.values, oldValues: at.oldValues, returns: at.returns, weights: at.weights }, valueClip);
    const [byLogProbs] = grad(policy.loss, [at.logProbs]);
    const [byValues] = grad(value.loss, [at.values]);
    const feeds = Object.fromEntries(names.map((name) => [name, f32(lists[name], [count])]));
    const found = interpret({ ...policy, valueLoss: value.loss, valueClipShare: value.clipShare, byLogProbs, byValues }, feeds);
    const of = (name: string): Float32Array => floats(found[name]);
    expectClose([of('loss')], [policyLoss]);
    expectClose([of('byLogProbs')], policyGradient);
    expectClose([of('valueLoss')], [valueLoss]);
    expectClose([of('byValues')], valueGradient);
    const figures = { clipShare: 'policy/clipfrac_avg', valueClipShare: 'val/clipfrac_avg', approxKl: 'policy/approxkl_avg', ratio: 'val/ratio' };
    for (const [ours, theirs] of Object.entries(figures)) expect(of(ours)[0], theirs).toBeCloseTo(metrics[theirs], 5);
  });
});
