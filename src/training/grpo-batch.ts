/**
 * Rollouts as the tensors of one training step. The prompt of a group is laid out once, its completions
 * after it in the same row; a completion sees the prompt and itself, never its siblings:
 *
 *   prompt prompt prompt | completion 1 | completion 2 | ... | padding
 *
 * so that a group of G completions costs one prompt instead of G, forward and backward.
 */
import { roundUp } from '#src/lm/batching.js';
import { f32, i64, scalarTensor, type Tensor } from '#src/nn/tensor.js';

export interface RolloutCompletion {
  /** The stop token included when there is one. */
  tokenIds: readonly number[];
  advantage: number;
  /** Keeps the completion out of the loss. */
  masked?: boolean;
}

export interface RolloutGroup {
  promptIds: readonly number[];
  completions: readonly RolloutCompletion[];
}

export interface GrpoBatch {
  groups: number;
  time: number;
  /** Padded number of completion tokens. */
  slots: number;
  /** Completion tokens in the loss. */
  tokens: number;
  feeds: {
    /** int64 [groups, time] */
    ids: Tensor;
    /** int64 [groups, time]: place of a token in its own sequence. */
    positions: Tensor;
    /** float32 [groups, 1, time, time], added to attention scores: 0 where a token (row) sees another (column). */
    attentionMask: Tensor;
    /** int64 [slots]: where in [groups * time] each completion token is predicted. */
    predictedAt: Tensor;
    /** int64 [slots]: the completion tokens, group after group. */
    targets: Tensor;
    /** float32 [slots] */
    advantages: Tensor;
    /** float32 [slots]: 1 for a token in the loss. */
    mask: Tensor;
    /** float32 []: tokens in the loss, at least 1. */
    tokens: Tensor;
  };
}

/** Sizes are rounded up to these, so that few graphs serve a whole run. */
export const buckets = { time: 64, slots: 256 } as const;

const hidden = -1e9;

/** Throws RangeError for a prompt or completion without tokens. */
export function packGroups(groups: readonly RolloutGroup[]): GrpoBatch {
  for (const { promptIds, completions } of groups) {
    if (promptIds.length === 0) throw new RangeError('a prompt has no tokens');
    if (completions.some(({ tokenIds }) => tokenIds.length === 0))
      throw new RangeError('a completion has no tokens');
  }
  const time = roundUp(Math.max(...groups.map(rowLength)), buckets.time);
  const count = groups.reduce((total, { completions }) => total + tokensOf(completions), 0);
  const slots = roundUp(count, buckets.slots);
  const ids = new BigInt64Array(groups.length * time);
  const positions = new BigInt64Array(groups.length * time);
  const attention = new Float32Array(groups.length * time * time).fill(hidden);
  const predictedAt = new BigInt64Array(slots);
  const targets = new BigInt64Array(slots);
  const advantages = new Float32Array(slots);
  const mask = new Float32Array(slots);
  let slot = 0;
  groups.forEach(({ promptIds, completions }, g) => {
    const row = g * time;
    const show = (from: number, to: number) => {
      attention[(row + from) * time + to] = 0;
    };
    promptIds.forEach((id, t) => {
      ids[row + t] = BigInt(id);
      positions[row + t] = BigInt(t);
      for (let s = 0; s <= t; s++) show(t, s);
    });
    const prompt = promptIds.length;
    let start = prompt;
    for (const { tokenIds, advantage, masked } of completions) {
      tokenIds.forEach((id, t) => {
        // The last prompt token predicts the first completion token, and the last one predicts nothing.
        predictedAt[slot] = BigInt(row + (t === 0 ? prompt : start + t) - 1);
        targets[slot] = BigInt(id);
        advantages[slot] = advantage;
        mask[slot++] = masked ? 0 : 1;
        if (t === tokenIds.length - 1) return;
        ids[row + start + t] = BigInt(id);
        positions[row + start + t] = BigInt(prompt + t);
        for (let s = 0; s < prompt; s++) show(start + t, s);
        for (let s = 0; s <= t; s++) show(start + t, start + s);
      });
      start += tokenIds.length - 1;
    }
    // Padding sees itself: a row of the softmax without any entry would not be a distribution.
    for (let t = start; t < time; t++) show(t, t);
  });
  const tokens = mask.reduce((total, value) => total + value, 0);
  return {
    groups: groups.length,
    time,
    slots,
    tokens,
    feeds: {
      ids: i64(ids, [groups.length, time]),
      positions: i64(positions, [groups.length, time]),
      attentionMask: f32(attention, [groups.length, 1, time, time]),
      predictedAt: i64(predictedAt, [slots]),
      targets: i64(targets, [slots]),
      advantages: f32(advantages, [slots]),
      mask: f32(mask, [slots]),
      tokens: scalarTensor(Math.max(1, tokens)),
    },
  };
}

const tokensOf = (completions: readonly RolloutCompletion[]): number =>
  completions.reduce((total, { tokenIds }) => total + tokenIds.length, 0);

function rowLength({ promptIds, completions }: RolloutGroup): number {
  return promptIds.length + tokensOf(completions) - completions.length;
}
