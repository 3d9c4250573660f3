/**
 * Sequences of different lengths -> a few static shapes with little padding. Graphs have static
 * shapes, so lengths are rounded up to a bucket: few sessions get built, few tokens are padding.
 */

/** Right-padded token ids: `ids` [batch, time] row-major. */
export interface PaddedBatch {
  batch: number;
  time: number;
  ids: BigInt64Array;
  lengths: number[];
}

export const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/** The smallest power of two that holds `value`. */
export const powerOfTwo = (value: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, value)));

/**
 * Pads on the right with `padId`. `time` defaults to the longest row, rounded up to `multiple`;
 * `batch` may exceed the row count, extra rows are all padding of length 1.
 */
export function padRight(
  rows: readonly (readonly number[])[],
  {
    padId = 0,
    multiple = 16,
    time,
    batch = rows.length,
  }: { padId?: number; multiple?: number; time?: number; batch?: number } = {},
): PaddedBatch {
  const longest = rows.reduce((length, row) => Math.max(length, row.length), 1);
  const width = time ?? roundUp(longest, multiple);
  if (longest > width) throw new RangeError(`a row of ${longest} tokens does not fit into ${width}`);
  if (rows.length > batch) throw new RangeError(`${rows.length} rows do not fit into a batch of ${batch}`);
  const ids = new BigInt64Array(batch * width).fill(BigInt(padId));
  rows.forEach((row, r) => row.forEach((id, t) => (ids[r * width + t] = BigInt(id))));
  const lengths = Array.from({ length: batch }, (_, r) => Math.max(1, rows[r]?.length ?? 1));
  return { batch, time: width, ids, lengths };
}

export interface LengthBucket {
  time: number;
  /** Indices into the input, in input order. */
  indices: number[];
}

/** Groups sequences by rounded-up length, shortest bucket first. */
function bucketByLength(lengths: readonly number[], multiple = 16): LengthBucket[] {
  const buckets = new Map<number, number[]>();
  lengths.forEach((length, index) => {
    const time = roundUp(Math.max(1, length), multiple);
    buckets.set(time, [...(buckets.get(time) ?? []), index]);
  });
  return [...buckets].map(([time, indices]) => ({ time, indices })).sort((a, b) => a.time - b.time);
}

/**
 * Cuts each bucket into batches whose padded size stays within `tokenBudget` (at least one row each).
 * Order is deterministic; callers shuffle the batches, not the rows.
 */
export function batchesByTokens(
  lengths: readonly number[],
  tokenBudget: number,
  multiple = 16,
): LengthBucket[] {
  return bucketByLength(lengths, multiple).flatMap(({ time, indices }) => {
    const rows = Math.max(1, Math.floor(tokenBudget / time));
    const count = Math.ceil(indices.length / rows);
    return Array.from({ length: count }, (_, i) => ({
      time,
      indices: indices.slice(i * rows, (i + 1) * rows),
    }));
  });
}

/** Flat position (row * time + t) of each row's last token, int64 values for a gather. */
export function lastPositions({ time, lengths }: PaddedBatch): BigInt64Array {
  return BigInt64Array.from(lengths, (length, row) => BigInt(row * time + length - 1));
}
