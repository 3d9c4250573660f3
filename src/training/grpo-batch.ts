/**
 * Rollouts as the tensors of one training step. Completions of a prompt share its tokens (lm/packing.ts); a
 * completion's last token predicts nothing and is left out of the input.
 */
import { roundUp } from '#src/lm/batching.js';
import { packBranches, type PackedBatch } from '#src/lm/packing.js';
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
  rows: number;
  time: number;
  /** Padded number of completion tokens. */
  slots: number;
  /** Completion tokens in the loss. */
  tokens: number;
  feeds: PackedBatch['feeds'] & {
    /** int64 [slots]: where in [rows * time] each completion token is predicted. */
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

/**
 * A step's groups in parts of at most `maxTokens` tokens, prompts counted once (a larger group is a part of its own).
 * Every part divides by the tokens of the whole step, so that losses and gradients of the parts add up.
 */
export function packParts(groups: readonly RolloutGroup[], maxTokens: number | null, attentionCost: number): GrpoBatch[] {
  const parts: RolloutGroup[][] = [];
  let room = 0;
  for (const group of groups) {
    const size = group.promptIds.length + tokensOf(group.completions);
    if (parts.length === 0 || size > room) {
      parts.push([]);
      room = maxTokens ?? Infinity;
    }
    parts[parts.length - 1].push(group);
    room -= size;
  }
  const batches = parts.map((part) => packGroups(part, attentionCost));
  const tokens = scalarTensor(Math.max(1, batches.reduce((total, batch) => total + batch.tokens, 0)));
  return batches.map((batch) => ({ ...batch, feeds: { ...batch.feeds, tokens } }));
}

/**
 * `attentionCost` is that of the model (lm/packing.ts).
 * Throws RangeError for a prompt or completion without tokens.
 */
export function packGroups(groups: readonly RolloutGroup[], attentionCost = 0): GrpoBatch {
  for (const { promptIds, completions } of groups) {
    if (promptIds.length === 0) throw new RangeError('a prompt has no tokens');
    if (completions.some(({ tokenIds }) => tokenIds.length === 0))
      throw new RangeError('a completion has no tokens');
  }
  const branches = groups.map(({ promptIds, completions }) => ({
    prefix: promptIds,
    tails: completions.map(({ tokenIds }) => tokenIds.slice(0, -1)),
  }));
  const packed = packBranches(branches, { timeMultiple: buckets.time, attentionCost, bucketRows: true });
  const count = groups.reduce((total, { completions }) => total + tokensOf(completions), 0);
  const slots = roundUp(count, buckets.slots);
  const predictedAt = new BigInt64Array(slots);
  const targets = new BigInt64Array(slots);
  const advantages = new Float32Array(slots);
  const mask = new Float32Array(slots);
  let slot = 0;
  groups.forEach(({ completions }, g) =>
    completions.forEach(({ tokenIds, advantage, masked }, c) => {
      const { prefixEnd, tail } = packed.places[g][c];
      tokenIds.forEach((id, t) => {
        // The last prompt token predicts the first completion token.
        predictedAt[slot] = BigInt(t === 0 ? prefixEnd : tail + t - 1);
        targets[slot] = BigInt(id);
        advantages[slot] = advantage;
        mask[slot++] = masked ? 0 : 1;
      });
    }),
  );
  const tokens = mask.reduce((total, value) => total + value, 0);
  return {
    rows: packed.rows,
    time: packed.time,
    slots,
    tokens,
    feeds: {
      ...packed.feeds,
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
