import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors, SafetensorsError, safetensorsStream, writeChunks, type Tensors } from './safetensors.js';
import { readSafetensorsFile, writeSafetensors } from '../testing.fixture.js';

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
    [
      'duplicate inside an entry',
      file(`{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}`, 4),
      /"shape" is listed twice/,
    ],
    [
      'a product over 2^53 behind a zero',
      file(JSON.stringify({ a: entry([2 ** 30, 2 ** 30, 0], 0, 0) }), 0),
      /more bytes than can be counted/,
    ],
    ['huge rank', file(JSON.stringify({ a: entry(Array<number>(1000).fill(1), 0, 4) }), 4), /1000 dimensions/],
    ['deep nesting', file('['.repeat(200_000) + ']'.repeat(200_000), 0), /not a JSON object|not JSON/],
    ['a long string', file(`{"a":"${'\\\\'.repeat(2_000_000)}"}`, 0), /entry is not an object/],
    ['metadata in a list', file('{"__metadata__":["a"]}', 0), /strings to strings/],
    ['metadata of numbers', file('{"__metadata__":{"a":1}}', 0), /strings to strings/],
  ];

  it.each(malformed)('refuses: %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it('refuses more float32 than asked for', () => {
    const bytes = writeSafetensors(tensors, { format: 'F16' });
    expect(readSafetensors(bytes, { maxBytes: 28 }).tensors).toEqual(tensors);
    expect(() => readSafetensors(bytes, { maxBytes: 27 })).toThrow(/28 bytes of float32 are more than the limit of 27/);
  });

  it('keeps names that mean something to objects', () => {
    const odd = Object.fromEntries([['__proto__', tensors.a], ['constructor', tensors.a]]);
    expect(Object.entries(readSafetensors(writeSafetensors(odd)).tensors)).toEqual(Object.entries(odd).sort());
  });

  describe('from a file', () => {
    let folder: string;
    const path = (): string => join(folder, 'x.safetensors');
    beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'safetensors-'))));
    afterAll(() => rm(folder, { recursive: true }));

    it.each(['F32', 'F16', 'BF16'] as const)('reads and writes %s as from bytes, in chunks', async (format) => {
      const many: Tensors = {
        ...tensors,
        long: { dtype: 'float32', shape: [1_100_000], data: Float32Array.from({ length: 1_100_000 }, (_, i) => i % 2048) },
      };
      await writeChunks(path(), safetensorsStream(many, { format }).chunks);
      const bytes = await readFile(path());
      expect(bytes.equals(writeSafetensors(many, { format }))).toBe(true);
      const { tensors: read, metadata } = await readSafetensorsFile(path());
      // Compared as bytes: the matcher takes seconds for a million values.
      expect(Buffer.from(writeSafetensors(read, { format, metadata })).equals(bytes)).toBe(true);
    });

    it.each(malformed.filter(([, bytes]) => bytes.length < 100_000))('refuses: %s', async (_, bytes, message) => {
      await writeFile(path(), bytes);
      await expect(readSafetensorsFile(path())).rejects.toThrow(message);
    });

  });

  describe('on mutated files', () => {
    const valid = writeSafetensors(tensors, { metadata: { origin: 'spec' } });
    const headerBytes = Number(new DataView(valid.buffer).getBigUint64(0, true));
    const text = new TextDecoder().decode(valid.subarray(8, 8 + headerBytes)).trimEnd();

    /** Either a file of at most its own size in values, or a SafetensorsError. */
    function readOrRefuse(bytes: Uint8Array): void {
      try {
        const read = Object.values(readSafetensors(bytes).tensors);
        const held = read.reduce((sum, { data }) => sum + data.byteLength, 0);
        expect(held).toBeLessThanOrEqual(2 * bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(SafetensorsError);
      }
    }

    it('survives changed, lost and added bytes', () => {
      const edit = fc.record({ at: fc.nat(valid.length - 1), value: fc.integer({ min: 0, max: 255 }) });
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.nat(valid.length), (edits, length) => {
          const bytes = valid.slice();
          for (const { at, value } of edits) bytes[at] = value;
          readOrRefuse(bytes);
          readOrRefuse(bytes.subarray(0, length));
        }),
        { numRuns: 2000 },
      );
    });

    it('survives a header with a piece replaced by any JSON', () => {
      const spans = [...text.matchAll(/"[^"]*"|-?\d+|[[\]{}:,]/g)];
      fc.assert(
        fc.property(fc.constantFrom(...spans), fc.oneof(fc.json(), fc.constant('-1'), fc.constant('1e400'), fc.constant(`${2 ** 53}`)), (span, piece) => {
          readOrRefuse(file(text.slice(0, span.index) + piece + text.slice(span.index + span[0].length), valid.length - 8 - headerBytes));
        }),
        { numRuns: 2000 },
      );
    });

    it('survives arbitrary bytes', () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), readOrRefuse), { numRuns: 1000 });
    });
  });
});
