import type { Node } from '../graph.js';
import { rotateRow } from './model-kernels.js';
import { blank, type Value } from './value.js';

/** GroupQueryAttention: output [batch, time, heads * headDim], then the caches after this step. */
export function attention(node: Node<'GroupQueryAttention'>, inputs: readonly Value[]): Value[] {
  const [query, key, value, pastKey, pastValue, lengths, total, cos, sin] = inputs as [
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
    Value?,
    Value?,
  ];
  const { heads, kvHeads, scale, window } = node.attrs;
  const [batch, time, width] = node.shape as [number, number, number];
  const capacity = pastKey.shape[2];
  const dim = width / heads;
  const keys = { shape: pastKey.shape, data: pastKey.data.slice() };
  const values = { shape: pastValue.shape, data: pastValue.data.slice() };
  const out = blank(node.shape);

  const fresh = (from: Value, b: number, t: number, head: number, count: number, position: number | null) => {
    const start = ((b * time + t) * count + head) * dim;
    const row = from.data.slice(start, start + dim);
    if (position !== null && cos && sin) rotateRow(row, position, cos, sin);
    return row;
  };
  const cached = (cache: Value, b: number, head: number, s: number) => {
    const start = ((b * kvHeads + head) * capacity + s) * dim;
    return cache.data.subarray(start, start + dim);
  };
  for (let b = 0; b < batch; b++) {
    const past = total.data[0] === time ? 0 : (lengths.data[b]) + 1 - time;
    for (let t = 0; t < time; t++) {
      for (let h = 0; h < kvHeads; h++) {
        cached(keys, b, h, past + t).set(fresh(key, b, t, h, kvHeads, past + t));
        cached(values, b, h, past + t).set(fresh(value, b, t, h, kvHeads, null));
      }
      for (let h = 0; h < heads; h++) {
        const group = Math.floor(h / (heads / kvHeads));
        const q = fresh(query, b, t, h, heads, past + t);
        const first = window < 0 ? 0 : Math.max(0, past + t + 1 - window);
        const seen = Array.from({ length: past + t + 1 - first }, (_, i) => first + i);
        const scores = seen.map(
          (s) => scale * cached(keys, b, group, s).reduce((sum, k, d) => sum + k * (q[d]), 0),
        );
        const top = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - top));
        const norm = weights.reduce((sum, w) => sum + w, 0);
        const target = out.data.subarray(
          ((b * time + t) * heads + h) * dim,
          ((b * time + t) * heads + h + 1) * dim,
        );
        seen.forEach((s, i) => {
          cached(values, b, group, s).forEach((v, d) => {
            target[d] = (target[d]) + (v * (weights[i])) / norm;
          });
        });
      }
    }
  }
  return [out, keys, values];
}
