/** The key-value cache of a decode batch: per layer two tensors [rows, kvHeads, capacity, headDim]. */
import { f32, floats, type Tensor } from '#src/nn/tensor.js';
import { type ModelConfig } from './config.js';
import { keyName, valueName } from './decode-graph.js';

/** Cache tensors by name, all of one batch and capacity. */
export class KvCache {
  readonly tensors: Record<string, Tensor> = {};

  constructor(
    private readonly config: ModelConfig,
    readonly rows: number,
    readonly capacity: number,
  ) {
    const shape = [rows, config.numKeyValueHeads, capacity, config.headDim];
    for (const name of cacheNames(config)) {
      this.tensors[name] = f32(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    }
  }

  /** Copies the first `length` positions of a row of other caches, whatever their capacity, into a row of this one. */
  copyRow(source: Record<string, Tensor>, from: number, to: number, length: number): void {
    const { numKeyValueHeads: heads, headDim } = this.config;
    for (const name of cacheNames(this.config)) {
      const theirs = floats(source[name]);
      const ours = floats(this.tensors[name]);
      const theirCapacity = source[name].shape[2];
      for (let head = 0; head < heads; head++) {
        const start = (from * heads + head) * theirCapacity * headDim;
        ours.set(theirs.subarray(start, start + length * headDim), (to * heads + head) * this.capacity * headDim);
      }
    }
  }
}

export function cacheNames(config: ModelConfig): string[] {
  return Array.from({ length: config.numLayers }, (_, layer) => [keyName(layer), valueName(layer)]).flat();
}
