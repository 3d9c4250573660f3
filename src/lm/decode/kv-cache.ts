/**
 * The key-value cache of a decode batch: per layer two tensors [rows, kvHeads, capacity, headDim], and the
 * additive mask [rows, 1, 1, capacity] that says which positions a row has filled.
 */
import { f32, floats, type Tensor } from '#src/nn/tensor.js';
import { type ModelConfig } from '../model/config.js';
import { keyName, pastName, valueName } from './decode-graph.js';

/** Softmax turns it into exact zero. */
const emptyPosition = -1e9;

/** Cache tensors by name, all of one batch and capacity. */
export class KvCache {
  readonly tensors: Record<string, Tensor> = {};
  readonly mask: Tensor;

  constructor(
    private readonly config: ModelConfig,
    readonly rows: number,
    readonly capacity: number,
  ) {
    this.mask = f32(new Float32Array(rows * capacity).fill(emptyPosition), [rows, 1, 1, capacity]);
    const shape = [rows, config.numKeyValueHeads, capacity, config.headDim];
    for (const name of cacheNames(config)) {
      this.tensors[name] = f32(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    }
  }

  /** What a decode graph reads. */
  get feeds(): Record<string, Tensor> {
    const past = Object.entries(this.tensors).map(([name, tensor]) => [pastName(name), tensor] as const);
    return { ...Object.fromEntries(past), mask: this.mask };
  }

  /** Writes what a decode step returned, [rows, kvHeads, 1, headDim] per cache, at position `length` of one row. */
  append(added: Record<string, Tensor>, row: number, length: number): void {
    this.copyRow(added, row, row, 1, length);
    floats(this.mask)[row * this.capacity + length] = 0;
  }

  /**
   * Copies the first `length` positions of a row of other caches, whatever their capacity, into a row of this
   * one, which is empty after them.
   */
  fillRow(source: Record<string, Tensor>, from: number, to: number, length: number): void {
    this.copyRow(source, from, to, length, 0);
    const mask = floats(this.mask).subarray(to * this.capacity, (to + 1) * this.capacity);
    mask.fill(0, 0, length).fill(emptyPosition, length);
  }

  private copyRow(
    source: Record<string, Tensor>,
    from: number,
    to: number,
    length: number,
    at: number,
  ): void {
    const { numKeyValueHeads: heads, headDim } = this.config;
    for (const name of cacheNames(this.config)) {
      const theirs = floats(source[name]);
      const ours = floats(this.tensors[name]);
      const theirCapacity = source[name].shape[2];
      for (let head = 0; head < heads; head++) {
        const start = (from * heads + head) * theirCapacity * headDim;
        const target = ((to * heads + head) * this.capacity + at) * headDim;
        ours.set(theirs.subarray(start, start + length * headDim), target);
      }
    }
  }
}

function cacheNames(config: ModelConfig): string[] {
  return Array.from({ length: config.numLayers }, (_, layer) => [keyName(layer), valueName(layer)]).flat();
}
