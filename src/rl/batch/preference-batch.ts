/** One training batch as the feeds of the training graph: packed token ids, and pairs as indices into the rewards. */
import { roundUp } from '#src/lm/text/batching.js';
import { type PackedBatch, type StoredSpan } from '#src/lm/text/packing.js';
import { f32, i64, type Tensor } from '#src/nn/tensor.js';
import { packedTextsSize, packTexts, type TextPacking } from './packed-texts.js';
import { type GroupPair, type PreferenceGroup, splitLargeGroups } from './preference-groups.js';
import { type EncodedText, RewardTextEncoder } from './reward-text.js';
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { type PassSettings } from '../settings.js';
import { cutParts } from './batch-plan.js';

/** A group after tokenization. */
export interface EncodedGroup {
  /** Each completion with its prompt. */
  texts: EncodedText[];
  pairs: GroupPair[];
}

/** Static sizes of a training graph. */
export interface BatchSize {
  rows: number;
  time: number;
  /** Rewards. */
  texts: number;
  pairs: number;
}

export interface PreferenceBatch extends BatchSize {
  /** Tokens whose hidden states are kept (lm/trunk-states.ts). */
  spans: StoredSpan[];
  /** Those of packing; `last` int64 [texts], `chosen rejected` int64 [pairs], `weights margins tied` [pairs]. */
  feeds: PackedBatch['feeds'] & Record<'last' | 'chosen' | 'rejected' | 'weights' | 'margins' | 'tied', Tensor>;
  /** Without padding. */
  pairCount: number;
  /** Sum of the weights of the pairs, and of those that are no ties. */
  weight: number;
  decidedWeight: number;
  tokens: number;
}

/** The sizes that a batch with these feeds has. */
export function sizeOf({ ids, last, chosen }: Readonly<Record<string, Tensor>>): BatchSize {
  return { rows: ids.shape[0], time: ids.shape[1], texts: last.shape[0], pairs: chosen.shape[0] };
}

/** Sizes are rounded up to these multiples, so that an epoch needs few graphs. */
const multiples = { texts: 32, pairs: 64 };

/** A step's groups as batches of at most `maxTokens` tokens each. */
export function collateParts(groups: readonly EncodedGroup[], packing: TextPacking, maxTokens: number | null): PreferenceBatch[] {
  return textParts(groups, maxTokens).map((part) => collate(part, packing));
}

/** The sizes of the batch that `collate` would make. */
export function collatedSize(groups: readonly EncodedGroup[], packing: TextPacking): BatchSize {
  const texts = groups.flatMap((group) => group.texts);
  const pairs = groups.reduce((total, group) => total + group.pairs.length, 0);
  return { ...packedTextsSize(texts, packing), texts: roundUp(texts.length, multiples.texts), pairs: roundUp(pairs, multiples.pairs) };
}

/** Prompts are counted once; a group of more than `maxTokens` is a part of its own. */
export const textParts = (groups: readonly EncodedGroup[], maxTokens: number | null): EncodedGroup[][] =>
  cutParts(groups, ({ texts }) => texts[0].prompt.length + texts.reduce((total, { completion }) => total + completion.length, 0), maxTokens);

export function collate(groups: readonly EncodedGroup[], packing: TextPacking): PreferenceBatch {
  const texts = groups.flatMap((group) => group.texts);
  const pairs = groups.flatMap((group, g) => {
    const offset = groups.slice(0, g).reduce((total, { texts: { length } }) => total + length, 0);
    return group.pairs.map((pair) => ({ ...pair, chosen: pair.chosen + offset, rejected: pair.rejected + offset }));
  });
  const { rows, time, tokens, ends, spans, feeds } = packTexts(texts, packing);
  const rewards = roundUp(texts.length, multiples.texts);
  const size = roundUp(pairs.length, multiples.pairs);
  const weigh = ({ weight = 1 }: GroupPair): number => weight;
  const total = (of: readonly GroupPair[]): number => of.reduce((sum, pair) => sum + weigh(pair), 0);
  // Pairs that only pad compare text 0 with itself and weigh nothing.
  const column = (value: (pair: GroupPair) => number): number[] =>
    Array.from({ length: size }, (_, p) => (p < pairs.length ? value(pairs[p]) : 0));
  return {
    rows,
    time,
    texts: rewards,
    pairs: size,
    pairCount: pairs.length,
    weight: total(pairs),
    decidedWeight: total(pairs.filter(({ tie }) => !tie)),
    tokens,
    spans,
    feeds: {
      ...feeds,
      last: i64(Array.from({ length: rewards }, (_, t) => ends[t] ?? 0), [rewards]),
      chosen: i64(column((pair) => pair.chosen), [size]),
      rejected: i64(column((pair) => pair.rejected), [size]),
      weights: f32(column(weigh), [size]),
      margins: f32(column((pair) => pair.margin), [size]),
      tied: f32(column(({ tie }) => (tie ? 1 : 0)), [size]),
    },
  };
}

export interface GroupsToEncode {
  checkpoint: Pick<Checkpoint, 'config' | 'tokenizer'>;
  groups: readonly PreferenceGroup[];
  hyperparameters: Pick<PassSettings, 'batchSize' | 'maxTokens'>;
}

/** Texts as tokens, cut to what the model reads and a step takes. @throws RangeError without pairs */
export function encodeGroups({ checkpoint, groups, hyperparameters }: GroupsToEncode): { groups: EncodedGroup[]; truncatedTexts: number } {
  const { batchSize, maxTokens } = hyperparameters;
  const longest = Math.min(maxTokens, checkpoint.config.maxPositionEmbeddings);
  const encoder = new RewardTextEncoder(Tokenizer.fromFiles(checkpoint.tokenizer), longest);
  const encoded = splitLargeGroups(groups, batchSize)
    .filter((group) => group.pairs.length > 0)
    .map(({ prompt, completions, pairs }) => ({
      texts: completions.map((completion) => encoder.encode({ prompt, completion })),
      pairs,
    }));
  if (encoded.length === 0) throw new RangeError('there are no pairs to train on');
  return { groups: encoded, truncatedTexts: encoder.truncations };
}
