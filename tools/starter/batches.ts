// Rows of similar length into padded batches: the shapes are few, so few graphs are built.
import { padRight } from '#src/lm/text/batching.js';
import { f32, i64, type Tensor } from '#src/nn/tensor.js';
import { dice } from './dice.js';
import type { Example } from './corpus.js';

const LENGTH_STEP = 8;

export interface Batch {
  feeds: Record<string, Tensor>;
  tokens: number;
}

/** Sorts a pool by length, cuts it into batches of `rows`, and shuffles the batches. */
export function batchesOf(pool: readonly Example[], rows: number, promptWeight: number, key: string): Batch[] {
  const sorted = [...pool].sort((a, b) => a.ids.length - b.ids.length);
  const groups = Array.from({ length: Math.floor(sorted.length / rows) }, (_, i) => sorted.slice(i * rows, (i + 1) * rows));
  return dice('batches', key).shuffle(groups.map((group) => toBatch(group, promptWeight)));
}

/**
 * Feeds: `ids` and `targets` int64 [rows, time] (targets are the ids one step later), `weights` float32
 * [rows, time] summing to 1, and `answers` float32 [rows, time], the mean over answer tokens alone.
 */
function toBatch(rows: readonly Example[], promptWeight: number): Batch {
  const { batch, time, ids } = padRight(rows.map((row) => row.ids), { multiple: LENGTH_STEP });
  const targets = new BigInt64Array(ids.length);
  const weights = new Float32Array(ids.length);
  const answers = new Float32Array(ids.length);
  let tokens = 0;
  rows.forEach((row, r) => {
    tokens += row.ids.length;
    for (let t = 0; t + 1 < row.ids.length; t++) {
      const at = r * time + t;
      targets[at] = BigInt(row.ids[t + 1]);
      weights[at] = row.answer[t + 1] === 1 ? 1 : promptWeight;
      answers[at] = row.answer[t + 1];
    }
  });
  const shape = [batch, time];
  return {
    feeds: { ids: i64(ids, shape), targets: i64(targets, shape), weights: f32(normalized(weights), shape), answers: f32(normalized(answers), shape) },
    tokens,
  };
}

function normalized(values: Float32Array): Float32Array {
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
}
