import type { Node } from '../graph.js';
import { blank, type Value } from './value.js';

/** Rows over the last axis. */
function eachRow(x: Value, visit: (row: Float64Array, index: number) => void): void {
  const width = x.shape[x.shape.length - 1];
  for (let i = 0; i * width < x.data.length; i++) visit(x.data.subarray(i * width, (i + 1) * width), i);
}

const average = (row: Float64Array): number => row.reduce((sum, v) => sum + v, 0) / row.length;

/** Values: the normalized x, then the inverse rms [..., 1]. */
export function rmsNorm(node: Node<'RmsNorm'>, [x, weight]: readonly Value[]): Value[] {
  const out = blank(node.shape);
  const inverse = blank([...node.shape.slice(0, -1), 1]);
  eachRow(x, (row, i) => {
    const r = 1 / Math.sqrt(average(row.map((v) => v * v)) + node.attrs.epsilon);
    inverse.data[i] = r;
    out.data.set(
      row.map((v, j) => v * r * ((weight).data[j])),
      i * row.length,
    );
  });
  return [out, inverse];
}

/** Values: the normalized x, then mean and inverse standard deviation [..., 1]. */
export function layerNorm(node: Node<'LayerNorm'>, [x, weight, bias]: readonly Value[]): Value[] {
  const [w, b] = [weight, bias];
  const out = blank(node.shape);
  const centre = blank([...node.shape.slice(0, -1), 1]);
  const inverse = blank([...node.shape.slice(0, -1), 1]);
  eachRow(x, (row, i) => {
    const middle = average(row);
    const r = 1 / Math.sqrt(average(row.map((v) => (v - middle) ** 2)) + node.attrs.epsilon);
    centre.data[i] = middle;
    inverse.data[i] = r;
    out.data.set(
      row.map((v, j) => (v - middle) * r * (w.data[j]) + (b.data[j])),
      i * row.length,
    );
  });
  return [out, centre, inverse];
}

/** Rotates one head's vector in place to a position. */
function rotateRow(row: Float64Array, position: number, cos: Value, sin: Value): void {
  const half = row.length / 2;
  for (let d = 0; d < half; d++) {
    const [a, b] = [row[d], row[d + half]];
    const c = cos.data[position * half + d];
    const s = sin.data[position * half + d];
    row[d] = a * c - b * s;
    row[d + half] = b * c + a * s;
  }
}

/** x [batch, heads, time, headDim]; positions [batch, time] or one offset. */
export function rotary(node: Node<'Rotary'>, [x, positions, cos, sin]: readonly Value[]): Value {
  const out = { shape: node.shape, data: (x).data.slice() };
  const [, heads, time] = node.shape as [number, number, number, number];
  const at = (positions).data;
  eachRow(out, (row, i) => {
    const t = i % time;
    const batch = Math.floor(i / (heads * time));
    const position = at.length === 1 ? (at[0]) + t : (at[batch * time + t]);
    rotateRow(row, position, cos, sin);
  });
  return out;
}
