/**
 * Conversions between float32 and the two 16-bit formats checkpoints use.
 * Both directions round to nearest even, as PyTorch and safetensors do.
 */

const bitsToFloat = new Float32Array(1);
const floatBits = new Uint32Array(bitsToFloat.buffer);

/** All 65,536 half-precision values, filled on first use: decoding a file is then one lookup per value. */
let f16Table: Float32Array | undefined;

/** The value of one half-precision number's bits. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** IEEE half bits -> float32 values. */
export function f16ToF32(source: Uint16Array): Float32Array {
  const table = (f16Table ??= Float32Array.from({ length: 65536 }, (_, half) => halfToFloat(half)));
  const out = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) out[i] = table[source[i]];
  return out;
}

function floatToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 and above round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal halves are multiples of 2^-24; doubles hold the product exactly.
    floatBits[0] = magnitude;
    return sign | roundHalfEven(bitsToFloat[0] * 2 ** 24);
  }
  const rebased = magnitude - 0x38000000;
  return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5) return floor + 1;
  return rest < 0.5 || floor % 2 === 0 ? floor : floor + 1;
}

/** float32 values -> IEEE half bits; overflow becomes infinity. */
export function f32ToF16(source: Float32Array): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  return Uint16Array.from(bits, floatToHalf);
}

/** bfloat16 bits -> float32 values (exact). */
export function bf16ToF32(source: Uint16Array): Float32Array {
  const out = new Float32Array(source.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < source.length; i++) bits[i] = source[i] << 16;
  return out;
}

/** float32 values -> bfloat16 bits. */
export function f32ToBf16(source: Float32Array): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const out = new Uint16Array(source.length);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i];
    const isNaN = (value & 0x7fffffff) > 0x7f800000;
    out[i] = isNaN ? (value >>> 16) | 0x40 : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
  return out;
}
