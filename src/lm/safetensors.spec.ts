import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, SafetensorsError, writeSafetensors, type Tensors } from './safetensors.js';

const tensors: Tensors = {
  'b.weight': {
    dtype: 'float32',
    shape: [2, 3],
    data: Float32Array.from([1, -2.5, 0, 65504, 2 ** -24, 0.125]),
  },
  a: { dtype: 'float32', shape: [], data: Float32Array.of(-7) },
  empty: { dtype: 'float32', shape: [0, 4], data: new Float32Array(0) },
};

function file(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + json.length + dataBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  return out;
}

const entry = (shape: number[], begin: number, end: number, dtype = 'F32'): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('safetensors', () => {
  it('round-trips float32 exactly, whatever the alignment of the bytes', () => {
    const bytes = writeSafetensors(tensors, { metadata: { origin: 'spec' } });
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    expect(readSafetensors(shifted)).toEqual({ tensors, metadata: { origin: 'spec' } });
  });

  it('round-trips values that F16 holds exactly, and BF16 within 2^-8', () => {
    expect(readSafetensors(writeSafetensors(tensors, { format: 'F16' })).tensors).toEqual(tensors);
    const back = readSafetensors(writeSafetensors(tensors, { format: 'BF16' })).tensors['b.weight']
      .data as Float32Array;
    tensors['b.weight'].data.forEach((value, i) => {
      expect(Math.abs(back[i] - Number(value))).toBeLessThanOrEqual(Math.abs(Number(value)) * 2 ** -8);
    });
  });

  it('rounds F16 to nearest for any float32, and reaches infinity at 65520', () => {
    const through = (value: number): number => {
      const data = Float32Array.of(value);
      const out = readSafetensors(
        writeSafetensors({ x: { dtype: 'float32', shape: [1], data } }, { format: 'F16' }),
      );
      return (out.tensors.x.data as Float32Array)[0];
    };
    expect([through(65519), through(65520), through(-1e30)]).toEqual([65504, Infinity, -Infinity]);
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const step = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 10));
        expect(Math.abs(through(value) - value)).toBeLessThanOrEqual(step / 2);
      }),
    );
  });

  it('writes equal contents as equal bytes whatever the insertion order', () => {
    const reversed = Object.fromEntries(Object.entries(tensors).reverse());
    expect(writeSafetensors(reversed)).toEqual(writeSafetensors(tensors));
  });

  const malformed: [string, Uint8Array, RegExp][] = [
    ['too short', new Uint8Array(5), /too short/],
    ['header past the end', file('{}', 0).fill(200, 0, 1), /past the end/],
    ['absurd header length', new Uint8Array(16).fill(255), /over 100 MB/],
    ['not JSON', file('{"a"', 0), /not JSON/],
    ['not an object', file('[]', 0), /not a JSON object/],
    ['unknown dtype', file(JSON.stringify({ a: entry([1], 0, 4, 'F31') }), 4), /dtype "F31"/],
    [
      'inherited dtype',
      file(JSON.stringify({ a: entry([1], 0, 4, 'constructor') }), 4),
      /dtype "constructor"/,
    ],
    ['negative shape', file(JSON.stringify({ a: entry([-1], 0, 4) }), 4), /bad shape/],
    ['offsets outside', file(JSON.stringify({ a: entry([2], 0, 8) }), 4), /lie outside/],
    ['offsets reversed', file(JSON.stringify({ a: entry([1], 4, 0) }), 4), /lie outside/],
    ['shape and size differ', file(JSON.stringify({ a: entry([2], 0, 4) }), 4), /needs 8 bytes/],
    ['overlap', file(JSON.stringify({ a: entry([2], 0, 8), b: entry([1], 4, 8) }), 8), /overlaps/],
    ['hole', file(JSON.stringify({ a: entry([1], 4, 8) }), 8), /unused bytes before/],
    ['trailing bytes', file(JSON.stringify({ a: entry([1], 0, 4) }), 6), /unused bytes after/],
    [
      'duplicate',
      file(`{"a":${JSON.stringify(entry([1], 0, 4))},"a":${JSON.stringify(entry([1], 0, 4))}}`, 4),
      /twice/,
    ],
    [
      'escaped duplicate',
      file(`{"a":${JSON.stringify(entry([1], 0, 4))},"\\u0061":${JSON.stringify(entry([1], 0, 4))}}`, 4),
      /twice/,
    ],
    ['metadata of numbers', file('{"__metadata__":{"a":1}}', 0), /strings to strings/],
  ];

  it.each(malformed)('refuses: %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });
});
