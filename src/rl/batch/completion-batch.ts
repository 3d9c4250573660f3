/**
 * Completions as the tensors of a policy's graph. Completions of a prompt share its tokens (lm/packing.ts); a
 * completion's last token predicts nothing and is left out of the input.
 */
import { roundUp } from '#src/lm/text/batching.js';
import { packBranches, type Branches, type BranchSource, type PackedBatch, type StoredSpan } from '#src/lm/text/packing.js';
import { type Feeds } from '#src/nn/session.js';
import { f32, i64, type Tensor } from '#src/nn/tensor.js';
import { type TrunkStates } from '#src/lm/lora/trunk-states.js';
import { cutParts } from './batch-plan.js';

export interface CompletionTokens {
  /** The stop token included when there is one. */
  tokenIds: readonly number[];
  /** Keeps the completion out of the loss. */
  masked?: boolean;
}

export interface CompletionGroup {
  promptIds: readonly number[];
  completions: readonly CompletionTokens[];
  /** Where hidden states of its tokens are kept (lm/trunk-states.ts); none are when left out. */
  source?: BranchSource;
}

/** A part of a step or of an evaluation: what it feeds, but for hidden states that are kept elsewhere. */
export interface PackedPart extends Pick<PackedBatch, 'rows' | 'time' | 'spans'> {
  feeds: Feeds;
}

/** What a part feeds, with the hidden states that are kept of it. */
export async function fed(part: PackedPart, trunk: TrunkStates | undefined): Promise<Feeds> {
  return trunk && part.spans.length > 0 ? { ...part.feeds, hidden: await trunk.of(part) } : part.feeds;
}

export interface CompletionBatch {
  rows: number;
  time: number;
  /** Padded number of completion tokens. */
  slots: number;
  /** Completion tokens in the loss. */
  tokens: number;
  /** Tokens in the loss of each completion, group after group. */
  lengths: number[];
  /** Padded number of completions. */
  sequences: number;
  /** Tokens whose hidden states are kept. */
  spans: StoredSpan[];
  feeds: PackedBatch['feeds'] & {
    /** int64 [slots]: where in [rows * time] each completion token is predicted. */
    predictedAt: Tensor;
    /** int64 [slots]: the completion tokens, group after group. */
    targets: Tensor;
    /** float32 [slots]: 1 for a token in the loss. */
    mask: Tensor;
    /** int64 [slots]: which completion a token belongs to; padding belongs to the first. */
    sequence: Tensor;
    /** float32 [sequences]: `lengths`, but at least 1. */
    lengths: Tensor;
  };
}

/** Sizes are rounded up to these, so that few graphs serve a whole run. */
export const buckets = { time: 64, slots: 256, sequences: 32 } as const;

/** A step's groups in parts of at most `maxTokens` tokens, prompts counted once (a larger group is a part of its own). */
export const tokenParts = <G extends CompletionGroup>(groups: readonly G[], maxTokens: number | null): G[][] =>
  cutParts(groups, ({ promptIds, completions }) => promptIds.length + countTokens(completions), maxTokens);

/**
 * `attentionCost` is that of the model (lm/packing.ts).
 * Throws RangeError for a prompt or completion without tokens.
 */
export function packCompletions(groups: readonly CompletionGroup[], attentionCost = 0): CompletionBatch {
  for (const { promptIds, completions } of groups) {
    if (promptIds.length === 0) throw new RangeError('a prompt has no tokens');
    if (completions.some(({ tokenIds }) => tokenIds.length === 0))
      throw new RangeError('a completion has no tokens');
  }
  const packed = packBranches(groups.map(branchesOf), { timeMultiple: buckets.time, attentionCost, bucketRows: true });
  const slots = roundUp(groups.reduce((total, { completions }) => total + countTokens(completions), 0), buckets.slots);
  const predictedAt = new BigInt64Array(slots);
  const targets = new BigInt64Array(slots);
  const sequence = new BigInt64Array(slots);
  const mask = new Float32Array(slots);
  const lengths: number[] = [];
  let slot = 0;
  groups.forEach(({ completions }, g) =>
    completions.forEach(({ tokenIds, masked }, c) => {
      const { prefixEnd, tail } = packed.places[g][c];
      tokenIds.forEach((id, t) => {
        // The last prompt token predicts the first completion token.
        predictedAt[slot] = BigInt(t === 0 ? prefixEnd : tail + t - 1);
        targets[slot] = BigInt(id);
        sequence[slot] = BigInt(lengths.length);
        mask[slot++] = masked ? 0 : 1;
      });
      lengths.push(masked ? 0 : tokenIds.length);
    }),
  );
  const sequences = roundUp(lengths.length, buckets.sequences);
  return {
    rows: packed.rows,
    time: packed.time,
    slots,
    tokens: lengths.reduce((total, length) => total + length, 0),
    lengths,
    sequences,
    spans: packed.spans,
    feeds: {
      ...packed.feeds,
      predictedAt: i64(predictedAt, [slots]),
      targets: i64(targets, [slots]),
      mask: f32(mask, [slots]),
      sequence: i64(sequence, [slots]),
      lengths: f32(Array.from({ length: sequences }, (_, s) => Math.max(1, lengths[s] ?? 1)), [sequences]),
    },
  };
}

/** Values of tokens by completion as float32 [slots], padding zero. */
export function bySlot(values: readonly ArrayLike<number>[], { slots }: Pick<CompletionBatch, 'slots'>): Tensor {
  const flat = new Float32Array(slots);
  let at = 0;
  for (const of of values) {
    flat.set(of, at);
    at += of.length;
  }
  return f32(flat, [slots]);
}

/** A group as the model reads it. */
export function branchesOf({ promptIds, completions, source }: CompletionGroup): Branches {
  return { prefix: promptIds, tails: completions.map(({ tokenIds }) => tokenIds.slice(0, -1)), ...(source && { source }) };
}

export const countTokens = (completions: readonly CompletionTokens[]): number =>
  completions.reduce((total, { tokenIds }) => total + tokenIds.length, 0);
