/**
 * Weights in few bits, for generation only: blocks of 32 values of a row share one scale, chosen so that the
 * value of largest magnitude is met exactly (as llama.cpp's Q4_0 does; here also with 8 bits). The layout is that
 * of ONNX Runtime's MatMulNBits.
 */
import { type Node } from '#src/nn/graph.js';
import { quantizedMatmul } from '#src/nn/ops.js';
import { f32, floats, u8, type Tensor } from '#src/nn/tensor.js';

const blockSize = 32;

export interface QuantizedWeight {
  /** uint8 [n, k / 32, 4 * bits] */
  packed: Tensor;
  /** float32 [n, k / 32] */
  scales: Tensor;
}

export const packedName = (name: string): string => `${name}.packed`;
export const scalesName = (name: string): string => `${name}.scales`;

/** Whether a weight of this shape can be quantized: a matrix whose rows are whole blocks. */
export function quantizable(shape: readonly number[]): boolean {
  return shape.length === 2 && shape[1] % blockSize === 0;
}

/** Of so many values, with the scales of their blocks. */
export const quantizedBytes = (values: number, bits: 4 | 8): number => (values * bits) / 8 + (values / blockSize) * Float32Array.BYTES_PER_ELEMENT;

/** Quantizes a weight [n, k]. */
export function quantizeWeight(weight: Tensor, bits: 4 | 8): QuantizedWeight {
  const [n, k] = weight.shape;
  const values = floats(weight);
  const blocks = (n * k) / blockSize;
  const bytesPerBlock = (blockSize * bits) / 8;
  const packed = new Uint8Array(blocks * bytesPerBlock);
  const scales = new Float32Array(blocks);
  const half = 2 ** (bits - 1);
  for (let block = 0; block < blocks; block++) {
    const start = block * blockSize;
    const scale = -extreme(values, start) / half;
    scales[block] = scale;
    const inverse = scale === 0 ? 0 : 1 / scale;
    for (let i = 0; i < blockSize; i++) {
      const stored = Math.min(2 * half - 1, Math.max(0, Math.round(values[start + i] * inverse) + half));
      if (bits === 8) packed[block * bytesPerBlock + i] = stored;
      else packed[block * bytesPerBlock + (i >> 1)] |= stored << (4 * (i & 1));
    }
  }
  const rowBlocks = k / blockSize;
  return { packed: u8(packed, [n, rowBlocks, bytesPerBlock]), scales: f32(scales, [n, rowBlocks]) };
}

/** The value of largest magnitude in a block, with its sign. */
function extreme(values: Float32Array, start: number): number {
  let found = 0;
  for (let i = start; i < start + blockSize; i++) if (Math.abs(values[i]) > Math.abs(found)) found = values[i];
  return found;
}

/** x [rows, k] -> [rows, n] with the weight's quantized form, or undefined where `params` has none. */
export function quantizedLinear(params: Readonly<Record<string, Node>>, name: string, x: Node): Node | undefined {
  const packed = params[packedName(name)];
  if (!packed) return undefined;
  const bits = packed.shape[2] * 8 === blockSize * 4 ? 4 : 8;
  return quantizedMatmul(x, packed, params[scalesName(name)], { bits, blockSize, int8Rows: true });
}
