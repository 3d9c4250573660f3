/**
 * Tensor types of GGUF and how their blocks become float32. The layouts are those of ggml's block
 * structures; d and m are half-precision numbers in front of (or behind) the integers of a block:
 *
 *   Q8_0  x = d q,            q int8                              32 values in 34 bytes
 *   Q4_0  x = d (q - 8),      low nibbles are the first half      32 in 18
 *   Q4_1  x = d q + m                                             32 in 20
 *   Q5_0  x = d (q - 16),     fifth bits in a word of their own   32 in 22
 *   Q5_1  x = d q + m                                             32 in 24
 *
 * The K types, with two levels of scales, are in `k-quantization.ts`. What is not listed here is refused
 * by name.
 */
import { bf16ToF32, halfToFloat } from '../half-precision.js';
import { GgufError } from './gguf-error.js';
import { dequantizeQ2K, dequantizeQ3K, dequantizeQ4K, dequantizeQ5K, dequantizeQ6K } from './k-quantization.js';

/** `bytes` holds whole blocks; `out` has room for exactly their values. */
type Dequantize = (bytes: Uint8Array, out: Float32Array) => void;

export interface TensorType {
  name: string;
  /** Values of one block, and its bytes. */
  blockValues: number;
  blockBytes: number;
  dequantize: Dequantize;
}

const half = (bytes: Uint8Array, at: number): number => halfToFloat(bytes[at] | (bytes[at + 1] << 8));
const int8 = (byte: number): number => (byte << 24) >> 24;

const copyF32: Dequantize = (bytes, out) => new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);

const copyF16: Dequantize = (bytes, out) => {
  for (let i = 0; i < out.length; i++) out[i] = half(bytes, 2 * i);
};

const copyBf16: Dequantize = (bytes, out) => out.set(bf16ToF32(new Uint16Array(new Uint8Array(bytes).buffer)));

const dequantizeQ8: Dequantize = (bytes, out) => {
  for (let at = 0, to = 0; to < out.length; at += 34, to += 32) {
    const d = half(bytes, at);
    for (let i = 0; i < 32; i++) out[to + i] = d * int8(bytes[at + 2 + i]);
  }
};

/** The types of 4 and 5 bits: with `offset` they are symmetric, without it a minimum follows the scale. */
function dequantizeNibbles(bits: 4 | 5, offset: 0 | 8 | 16): Dequantize {
  const head = offset === 0 ? 4 : 2;
  const nibblesAt = head + (bits === 5 ? 4 : 0);
  const blockBytes = nibblesAt + 16;
  return (bytes, out) => {
    for (let at = 0, to = 0; to < out.length; at += blockBytes, to += 32) {
      const d = half(bytes, at);
      const m = offset === 0 ? half(bytes, at + 2) : 0;
      const value = (q: number): number => (offset === 0 ? d * q + m : d * (q - offset));
      const fifth = (i: number): number => (bits === 5 ? ((bytes[at + head + (i >> 3)] >> (i & 7)) & 1) << 4 : 0);
      for (let i = 0; i < 16; i++) {
        const pair = bytes[at + nibblesAt + i];
        out[to + i] = value((pair & 15) | fifth(i));
        out[to + i + 16] = value((pair >> 4) | fifth(i + 16));
      }
    }
  };
}

const type = (name: string, blockValues: number, blockBytes: number, dequantize: Dequantize): TensorType => ({
  name,
  blockValues,
  blockBytes,
  dequantize,
});

const supported = new Map<number, TensorType>([
  [0, type('F32', 1, 4, copyF32)],
  [1, type('F16', 1, 2, copyF16)],
  [2, type('Q4_0', 32, 18, dequantizeNibbles(4, 8))],
  [3, type('Q4_1', 32, 20, dequantizeNibbles(4, 0))],
  [6, type('Q5_0', 32, 22, dequantizeNibbles(5, 16))],
  [7, type('Q5_1', 32, 24, dequantizeNibbles(5, 0))],
  [8, type('Q8_0', 32, 34, dequantizeQ8)],
  [10, type('Q2_K', 256, 84, dequantizeQ2K)],
  [11, type('Q3_K', 256, 110, dequantizeQ3K)],
  [12, type('Q4_K', 256, 144, dequantizeQ4K)],
  [13, type('Q5_K', 256, 176, dequantizeQ5K)],
  [14, type('Q6_K', 256, 210, dequantizeQ6K)],
  [30, type('BF16', 1, 2, copyBf16)],
]);

/** Names of the types that are known but not computed, for the message alone. */
const otherNames: Readonly<Record<number, string>> = {
  4: 'Q4_2', 5: 'Q4_3', 9: 'Q8_1', 15: 'Q8_K', 16: 'IQ2_XXS', 17: 'IQ2_XS', 18: 'IQ3_XXS', 19: 'IQ1_S',
  20: 'IQ4_NL', 21: 'IQ3_S', 22: 'IQ2_S', 23: 'IQ4_XS', 24: 'I8', 25: 'I16', 26: 'I32', 27: 'I64', 28: 'F64',
  29: 'IQ1_M', 34: 'TQ1_0', 35: 'TQ2_0', 39: 'MXFP4', 40: 'NVFP4',
};

/** Throws GgufError with the tensor's and the type's name when values of that type cannot be read. */
export function tensorType(id: number, tensor: string): TensorType {
  const found = supported.get(id);
  if (found) return found;
  const known = [...supported.values()].map(({ name }) => name).join(', ');
  throw new GgufError(`tensor "${tensor}" is of type ${otherNames[id] ?? `number ${id}`}, which is not one of ${known}`);
}
