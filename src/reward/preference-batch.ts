/** One training batch as the feeds of the training graph: padded token ids, and pairs as indices into the rewards. */
import { lastPositions, padRight, roundUp } from '#src/lm/batching.js';
import { f32, i64, type Tensor } from '#src/nn/tensor.js';
import { type GroupPair } from './preference-groups.js';

/** A group after tokenization. */
export interface EncodedGroup {
  /** Token ids of each completion with its prompt. */
  rows: number[][];
  pairs: GroupPair[];
}

/** Static sizes of a training graph. */
export interface BatchSize {
  rows: number;
  time: number;
  pairs: number;
}

export interface PreferenceBatch extends BatchSize {
  /** `ids` int64 [rows, time], `last` int64 [rows], `chosen rejected` int64 [pairs], `weights margins` [pairs]. */
  feeds: Record<'ids' | 'last' | 'chosen' | 'rejected' | 'weights' | 'margins', Tensor>;
  /** Without padding. */
  pairCount: number;
  tokens: number;
}

/** The sizes that a batch with these feeds has. */
export function sizeOf({ ids, chosen }: Readonly<Record<string, Tensor>>): BatchSize {
  return { rows: ids.shape[0], time: ids.shape[1], pairs: chosen.shape[0] };
}

/** Sizes are rounded up to these multiples, so that an epoch needs few graphs; long texts can bear a coarser one. */
const multiples = { rows: 4, shortTime: 16, longTime: 32, pairs: 64 };
const longFrom = 128;

export function collate(groups: readonly EncodedGroup[], padId: number): PreferenceBatch {
  const texts = groups.flatMap((group) => group.rows);
  const pairs = groups.flatMap((group, g) => {
    const offset = groups.slice(0, g).reduce((rows, { rows: { length } }) => rows + length, 0);
    return group.pairs.map((pair) => ({ ...pair, chosen: pair.chosen + offset, rejected: pair.rejected + offset }));
  });
  const rows = roundUp(texts.length, multiples.rows);
  const longest = Math.max(...texts.map((row) => row.length));
  const multiple = longest <= longFrom ? multiples.shortTime : multiples.longTime;
  const padded = padRight(texts, { padId, multiple, batch: rows });
  const size = roundUp(pairs.length, multiples.pairs);
  // Pairs that only pad compare row 0 with itself and weigh nothing.
  const column = (value: (pair: GroupPair) => number): number[] =>
    Array.from({ length: size }, (_, p) => (p < pairs.length ? value(pairs[p]) : 0));
  return {
    rows,
    time: padded.time,
    pairs: size,
    pairCount: pairs.length,
    tokens: texts.reduce((total, row) => total + row.length, 0),
    feeds: {
      ids: i64(padded.ids, [rows, padded.time]),
      last: i64(lastPositions(padded), [rows]),
      chosen: i64(column((pair) => pair.chosen), [size]),
      rejected: i64(column((pair) => pair.rejected), [size]),
      weights: f32(column(() => 1), [size]),
      margins: f32(column((pair) => pair.margin), [size]),
    },
  };
}
