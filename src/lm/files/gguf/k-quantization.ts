/**
 * The K types of ggml: super-blocks of 256 values, whose groups of 16 or 32 have integer scales (and
 * minima) of their own, themselves scaled by half-precision d (and dmin):
 *
 *   Q2_K  x = d s q - dmin m       groups of 16; s, m, q of 4, 4, 2 bits     84 bytes
 *   Q3_K  x = d (s - 32) (q - 4)   groups of 16; s, q of 6, 3 bits           110
 *   Q4_K  x = d s q - dmin m       groups of 32; s, m, q of 6, 6, 4 bits     144
 *   Q5_K  x = d s q - dmin m       groups of 32; s, m, q of 6, 6, 5 bits     176
 *   Q6_K  x = d s (q - 32)         groups of 16; s, q of 8, 6 bits           210
 *
 * Products of the half-precision and the integer factors are exact in a double, so the only rounding is
 * the one to float32.
 */
import { halfToFloat } from '../half-precision.js';

const blockValues = 256;

const half = (bytes: Uint8Array, at: number): number => halfToFloat(bytes[at] | (bytes[at + 1] << 8));
const int8 = (byte: number): number => (byte << 24) >> 24;

/** [scales 16][2-bit 64][d][dmin] */
export function dequantizeQ2K(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, to = 0; to < out.length; at += 84, to += blockValues) {
    const [d, dmin] = [half(bytes, at + 80), half(bytes, at + 82)];
    for (let i = 0; i < blockValues; i++) {
      // Each 32 bytes hold 128 values: four layers of 2 bits, one after the other.
      const [part, layer, within] = [i >> 7, (i >> 5) & 3, i & 31];
      const q = (bytes[at + 16 + 32 * part + within] >> (2 * layer)) & 3;
      const scale = bytes[at + (i >> 4)];
      out[to + i] = d * (scale & 15) * q - dmin * (scale >> 4);
    }
  }
}

/** [third bits 32][2-bit 64][6-bit scales 12][d] */
export function dequantizeQ3K(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, to = 0; to < out.length; at += 110, to += blockValues) {
    const d = half(bytes, at + 108);
    const scales = at + 96;
    for (let i = 0; i < blockValues; i++) {
      const [part, layer, within] = [i >> 7, (i >> 5) & 3, i & 31];
      const low = (bytes[at + 32 + 32 * part + within] >> (2 * layer)) & 3;
      const third = (bytes[at + within] >> (i >> 5)) & 1;
      const group = i >> 4;
      // Low four bits of the 16 scales lie in 8 bytes, the high two in the 4 bytes after them.
      const scaleLow = (bytes[scales + (group & 7)] >> (group < 8 ? 0 : 4)) & 15;
      const scaleHigh = (bytes[scales + 8 + (group & 3)] >> (2 * (group >> 2))) & 3;
      out[to + i] = d * ((scaleLow | (scaleHigh << 4)) - 32) * ((low | (third << 2)) - 4);
    }
  }
}

/** Scale and minimum of group 0..7 out of 12 bytes: groups 4..7 borrow the two high bits of the first eight bytes. */
function scaleAndMin(bytes: Uint8Array, at: number, group: number): [number, number] {
  if (group < 4) return [bytes[at + group] & 63, bytes[at + group + 4] & 63];
  const low = bytes[at + group + 4];
  return [(low & 15) | ((bytes[at + group - 4] >> 6) << 4), (low >> 4) | ((bytes[at + group] >> 6) << 4)];
}

/** [d][dmin][scales and minima 12][4-bit 128] */
export function dequantizeQ4K(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, to = 0; to < out.length; at += 144, to += blockValues) {
    const [d, dmin] = [half(bytes, at), half(bytes, at + 2)];
    for (let group = 0; group < 8; group++) {
      const [scale, min] = scaleAndMin(bytes, at + 4, group);
      const [ds, dm] = [d * scale, dmin * min];
      const from = at + 16 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let i = 0; i < 32; i++) out[to + 32 * group + i] = ds * ((bytes[from + i] >> shift) & 15) - dm;
    }
  }
}

/** [d][dmin][scales and minima 12][fifth bits 32][4-bit 128] */
export function dequantizeQ5K(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, to = 0; to < out.length; at += 176, to += blockValues) {
    const [d, dmin] = [half(bytes, at), half(bytes, at + 2)];
    for (let group = 0; group < 8; group++) {
      const [scale, min] = scaleAndMin(bytes, at + 4, group);
      const [ds, dm] = [d * scale, dmin * min];
      const from = at + 48 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let i = 0; i < 32; i++) {
        const q = ((bytes[from + i] >> shift) & 15) | (((bytes[at + 16 + i] >> group) & 1) << 4);
        out[to + 32 * group + i] = ds * q - dm;
      }
    }
  }
}

/** [low four bits 128][high two bits 64][scales int8 16][d] */
export function dequantizeQ6K(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, to = 0; to < out.length; at += 210, to += blockValues) {
    const d = half(bytes, at + 208);
    for (let i = 0; i < blockValues; i++) {
      // Each 64 low and 32 high bytes hold 128 values: layers 0 and 1 in the low nibbles, 2 and 3 in the high ones.
      const [part, layer, within] = [i >> 7, (i >> 5) & 3, i & 31];
      const low = (bytes[at + 64 * part + 32 * (layer & 1) + within] >> (4 * (layer >> 1))) & 15;
      const high = (bytes[at + 128 + 32 * part + within] >> (2 * layer)) & 3;
      out[to + i] = d * int8(bytes[at + 192 + (i >> 4)]) * ((low | (high << 4)) - 32);
    }
  }
}
