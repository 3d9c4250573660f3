// Losses, gradients and figures against TRL's own loss functions; tools/oracles/losses.py wrote the file.
import { tokenWeight, type TokenAveraging } from '#src/rl/batch/group-batch.js';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grad } from '#src/nn/grad.js';
import { input, type Node } from '#src/nn/graph.js';
import { interpret } from '#src/nn/interpret.js';
import { div, logSoftmax, mul, sum } from '#src/nn/ops.js';
import { f32, floats, i64, scalarTensor, type Tensor } from '#src/nn/tensor.js';
import { entropyOf, tokenLogProbs } from '#src/lm/model/transformer.js';
import { dpoLoss, type DpoLossType } from '#src/rl/losses/dpo.js';
import { grpoLoss, type ImportanceLevel } from '#src/rl/losses/grpo.js';
import { leaveOneOutAdvantages, rlooLoss } from '#src/rl/losses/rloo.js';
import { isLikeliest, sftLoss } from '#src/rl/losses/sft.js';
import { sumBySequence } from '#src/rl/losses/sequences.js';

interface Tokens {
  lengths: number[];
  logProbs: number[];
  loss: number;
  gradient: number[];
  metrics: Record<string, number>;
}
interface Clipped extends Tokens {
  clipLow: number;
  clipHigh: number;
  old: number[];
  advantages: number[];
}
interface Golden {
  sft: { logits: number[]; shape: number[]; targets: number[]; mask: number[]; loss: number; gradient: number[]; metrics: Record<string, number> };
  dpo: (Tokens & { lossType: DpoLossType; beta: number; labelSmoothing: number; ref: number[] })[];
  rloo: Clipped[];
  rlooAdvantages: { rewards: number[]; kl: number[]; beta: number; groupSize: number; normalize: boolean; advantages: number[] }[];
  grpo: (Clipped & { lossType: TokenAveraging; importance: ImportanceLevel; beta: number; maxTokens: number; ref: number[]; sampled?: number[]; ratioMax?: number })[];
}

const golden = JSON.parse(readFileSync(new URL('losses.json', import.meta.url), 'utf8')) as Golden;

const vector = (values: readonly number[]): Tensor => f32([...values], [values.length]);
const indices = (values: readonly number[]): Tensor => i64([...values], [values.length]);
const ones = (count: number, value = 1): number[] => Array.from({ length: count }, () => value);
/** Which sequence each token belongs to. */
const sequenceOf = (lengths: readonly number[]): number[] => lengths.flatMap((length, s) => ones(length, s));

/** Numbers by name, and the gradient of `loss` on `on`. */
function evaluate(nodes: Record<string, Node> & { loss: Node }, on: Node, feeds: Record<string, Tensor>) {
  const [gradient] = grad(nodes.loss, [on]);
  const results = interpret({ ...nodes, gradient }, feeds);
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, [...floats(tensor)]]));
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(actual[i], `element ${i}`).toBeCloseTo(value, 5));
}

function expectMetrics(actual: Record<string, number[]>, expected: Record<string, number>, names: Record<string, string>): void {
  for (const [ours, theirs] of Object.entries(names)) expect(actual[ours][0], theirs).toBeCloseTo(expected[theirs], 5);
}

/** One input per name: the gradient is asked for on the node that the loss was built from. */
function fed(feeds: Record<string, Tensor>): (name: string) => Node {
  const nodes = Object.fromEntries(Object.entries(feeds).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]));
  return (name) => nodes[name];
}

const clipNames = { clipLowShare: 'clip_ratio/low_mean', clipHighShare: 'clip_ratio/high_mean', clipShare: 'clip_ratio/region_mean' };

test('supervised fine-tuning', () => {
  const { logits, shape, targets, mask, loss, gradient, metrics } = golden.sft;
  const tokens = mask.reduce((total, value) => total + value, 0);
  const feeds = { logits: f32(logits, shape), targets: indices(targets), mask: vector(mask), tokens: scalarTensor(tokens) };
  const at = fed(feeds);
  const average = (perToken: Node): Node => div(sum(mul(perToken, at('mask'))), at('tokens'));
  const nodes = {
    loss: sftLoss({ logProbs: tokenLogProbs(at('logits'), at('targets')), mask: at('mask'), tokens: at('tokens') }),
    accuracy: average(isLikeliest(at('logits'), at('targets'))),
    entropy: average(entropyOf(logSoftmax(at('logits'), -1))),
  };
  const results = evaluate(nodes, at('logits'), feeds);
  expectClose(results.loss, [loss]);
  expectClose(results.gradient, gradient);
  expectMetrics(results, metrics, { accuracy: 'mean_token_accuracy', entropy: 'entropy' });
});

describe('direct preference optimization', () => {
  test.each(golden.dpo)('$lossType, beta $beta, label smoothing $labelSmoothing', ({ lengths, logProbs, ref, loss, gradient, metrics, ...options }) => {
    const pairs = lengths.length / 2;
    const sequences = sequenceOf(lengths);
    const refSums = lengths.map((_, s) => ref.filter((_value, t) => sequences[t] === s).reduce((total, value) => total + value, 0));
    const chosen = ones(pairs).map((_, p) => p);
    const feeds = {
      logProbs: vector(logProbs),
      sequence: indices(sequences),
      refLogProbs: vector(refSums),
      lengths: vector(lengths),
      chosen: indices(chosen),
      rejected: indices(chosen.map((p) => p + pairs)),
      weights: vector(ones(pairs, 1 / pairs)),
    };
    const at = fed(feeds);
    const sums = sumBySequence(at('logProbs'), at('sequence'), lengths.length);
    const inputs = { logProbs: sums, refLogProbs: at('refLogProbs'), lengths: at('lengths'), chosen: at('chosen'), rejected: at('rejected'), weights: at('weights') };
    const results = evaluate({ ...dpoLoss(inputs, options) }, at('logProbs'), feeds);
    expectClose(results.loss, [loss]);
    expectClose(results.gradient, gradient);
    expectMetrics(results, metrics, {
      chosenRewards: 'rewards/chosen',
      rejectedRewards: 'rewards/rejected',
      margins: 'rewards/margins',
      accuracies: 'rewards/accuracies',
      chosenLogProbs: 'logps/chosen',
      rejectedLogProbs: 'logps/rejected',
    });
  });
});

describe('leave-one-out REINFORCE', () => {
  test.each(golden.rloo)('clipped to $clipLow and $clipHigh', ({ lengths, logProbs, old, advantages, loss, gradient, metrics, ...options }) => {
    const feeds = {
      logProbs: vector(logProbs),
      oldLogProbs: vector(old),
      mask: vector(ones(logProbs.length)),
      sequence: indices(sequenceOf(lengths)),
      advantages: vector(advantages),
      weights: vector(ones(lengths.length, 1 / lengths.length)),
    };
    const at = fed(feeds);
    const inputs = { logProbs: at('logProbs'), oldLogProbs: at('oldLogProbs'), mask: at('mask'), sequence: at('sequence'), advantages: at('advantages'), weights: at('weights') };
    const results = evaluate({ ...rlooLoss(inputs, options) }, at('logProbs'), feeds);
    expectClose(results.loss, [loss]);
    expectClose(results.gradient, gradient);
    expectMetrics(results, metrics, clipNames);
  });

  test.each(golden.rlooAdvantages)('advantages with KL at $beta, normalised: $normalize', ({ rewards, kl, beta, groupSize, normalize, advantages }) => {
    const shaped = rewards.map((reward, i) => reward - beta * kl[i]);
    expectClose(leaveOneOutAdvantages(shaped, groupSize, normalize).advantages, advantages);
  });
});

describe('group relative policy optimization', () => {
  test.each(golden.grpo)('$lossType, ratios by $importance, beta $beta, written by a copy up to $ratioMax', (given) => {
    const { lengths, logProbs, old, ref, advantages, lossType, importance, maxTokens, loss, gradient, metrics, sampled, ratioMax, ...options } = given;
    const sequences = sequenceOf(lengths);
    const counts = { tokens: logProbs.length, completions: lengths.length, maxTokens };
    const feeds = {
      logProbs: vector(logProbs),
      oldLogProbs: vector(old),
      refLogProbs: vector(ref),
      advantages: vector(sequences.map((s) => advantages[s])),
      mask: vector(ones(logProbs.length)),
      tokens: scalarTensor(logProbs.length),
      weights: vector(sequences.map((s) => tokenWeight(lossType, lengths[s], counts))),
      sequence: indices(sequences),
      lengths: vector(lengths),
      ...(sampled && { sampled: vector(sampled) }),
    };
    const at = fed(feeds);
    const inputs = {
      logProbs: at('logProbs'),
      oldLogProbs: at('oldLogProbs'),
      ...(sampled && { sampled: { logProbs: at('sampled'), ratioMax: ratioMax! } }),
      refLogProbs: at('refLogProbs'),
      advantages: at('advantages'),
      mask: at('mask'),
      tokens: at('tokens'),
      weights: at('weights'),
      ...(importance === 'sequence' && { completions: { sequence: at('sequence'), lengths: at('lengths') } }),
    };
    const { kl, ...nodes } = grpoLoss(inputs, options);
    const results = evaluate({ ...nodes, kl: kl! }, at('logProbs'), feeds);
    expectClose(results.loss, [loss]);
    expectClose(results.gradient, gradient);
    if (options.beta > 0) expectMetrics(results, metrics, { kl: 'kl' });
    // By completion, TRL's shares are of completions and ours of tokens.
    if (importance === 'token') expectMetrics(results, metrics, clipNames);
  });
});
