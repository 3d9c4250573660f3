import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NeedMoreBytes } from './cursor.js';
import { GgufError } from './gguf-error.js';
import { GgufBytes, ggufFile, valueType, type FixtureTensor } from './gguf.fixture.js';
import { parseGgufHeader } from './header.js';

const parse = (bytes: Uint8Array, fileBytes = bytes.length) => parseGgufHeader(bytes, fileBytes);
const tensor = (change: Partial<FixtureTensor> = {}): FixtureTensor => ({
  name: 'a',
  dims: [3, 2],
  type: 0,
  data: new Uint8Array(24),
  ...change,
});

/** A file whose only metadata entry, under "k", is what `write` writes after the key. */
const withEntry = (write: (out: GgufBytes) => GgufBytes): Uint8Array =>
  write(new GgufBytes().raw(new TextEncoder().encode('GGUF')).u32(3).u64(0).u64(1).text('k')).finish();

describe('GGUF header', () => {
  it.each([2, 3])('reads metadata and tensors of version %d', (version) => {
    const metadata = {
      'general.name': 'x',
      'a.flag': true,
      'a.count': 7,
      'a.signed': -7,
      'a.float': 0.5,
      'a.texts': ['b', 'ü', ''],
      'a.numbers': [1, 2, 3],
      'a.nested': [[1, 2], [3]],
    };
    const header = parse(ggufFile(metadata, [tensor(), tensor({ name: 'b', dims: [32], type: 8, data: new Uint8Array(34) })], { version }));
    expect(header.version).toBe(version);
    expect(header.metadata.keys()).toEqual(Object.keys(metadata));
    expect(header.metadata.text('general.name')).toBe('x');
    expect(header.metadata.flag('a.flag')).toBe(true);
    expect(header.metadata.count('a.count')).toBe(7);
    expect(header.metadata.number('a.signed')).toBe(-7);
    expect(header.metadata.number('a.float')).toBe(0.5);
    expect(header.metadata.texts('a.texts')).toEqual(['b', 'ü', '']);
    expect(Array.from(header.metadata.numbers('a.numbers')!)).toEqual([1, 2, 3]);
    expect(header.metadata.get('a.nested')).toEqual([Uint32Array.of(1, 2), Uint32Array.of(3)]);
    const [a, b] = header.tensors;
    expect(a).toMatchObject({ name: 'a', shape: [2, 3], count: 6, byteLength: 24 });
    expect(b).toMatchObject({ name: 'b', shape: [32], count: 32, byteLength: 34, begin: a.begin + 32 });
    expect(a.begin % 32).toBe(0);
  });

  it.each([
    ['u8', 200], ['i8', -100], ['u16', 60_000], ['i16', -30_000], ['u32', 4e9], ['i32', -2e9], ['f32', 0.25], ['f64', 0.1],
    ['u64', 5n], ['i64', -5n],
  ] as const)('reads a %s, alone and in a list', (kind, value) => {
    const type = valueType[kind];
    expect(parse(withEntry((out) => out.u32(type).number(type, value))).metadata.get('k')).toBe(value);
    const list = parse(withEntry((out) => out.u32(valueType.array).u32(type).u64(2).number(type, value).number(type, value)));
    expect(Array.from(list.metadata.get('k') as number[])).toEqual([value, value]);
  });

  it('keeps another alignment', () => {
    const bytes = ggufFile({ 'general.alignment': 64 }, [tensor(), tensor({ name: 'b' })], { alignment: 64 });
    expect(parse(bytes).tensors.map(({ begin }) => begin % 64)).toEqual([0, 0]);
  });

  const text = (value: string): number[] => [...new TextEncoder().encode(value)];
  const malformed: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(), /magic: 4 items at byte 0 reach past the end of a file of 0 bytes/],
    ['other kind', Uint8Array.from(text('GGML0000')), /does not begin with "GGUF"/],
    ['version 1', ggufFile({}, [], { version: 1 }), /version 1 is not supported/],
    ['big-endian', ggufFile({}, [], { version: 0x03000000 }), /big-endian/],
    ['absurd tensor count', new GgufBytes().raw(text('GGUF')).u32(3).u64(2n ** 60n).u64(0).finish(), /is not a valid count/],
    ['many tensors', new GgufBytes().raw(text('GGUF')).u32(3).u64(1000).u64(0).finish(), /tensor count: 1000 items/],
    ['many entries', new GgufBytes().raw(text('GGUF')).u32(3).u64(0).u64(1e9).finish(), /metadata count 1000000000 is over/],
    ['long text', withEntry((out) => out.u32(8).u64(1e12)), /k: 1000000000000 items .* reach past the end/],
    ['long list', withEntry((out) => out.u32(9).u32(0).u64(1e12)), /reach past the end/],
    ['long list of texts', withEntry((out) => out.u32(9).u32(8).u64(1e6).raw(new Uint8Array(100))), /1000000 items/],
    ['unknown type', withEntry((out) => out.u32(13)), /unknown type 13/],
    ['list of unknown type', withEntry((out) => out.u32(9).u32(99).u64(0)), /unknown type 99/],
    ['boolean of 2', withEntry((out) => out.u32(7).raw([2])), /neither 0 nor 1/],
    ['deep lists', withEntry((out) => { out.u32(9); for (let i = 0; i < 9; i++) out.u32(9).u64(1); return out.u32(0).u64(0); }), /nested deeper than 4/],
    ['broken key', new GgufBytes().raw(text('GGUF')).u32(3).u64(0).u64(1).u64(1).raw([255]).u32(0).raw([0, 0, 0]).finish(), /metadata key 0 is not UTF-8/],
    [
      'doubled key',
      new GgufBytes().raw(text('GGUF')).u32(3).u64(0).u64(2).text('k').value(1).text('k').value(1).finish(),
      /"k" is listed twice/,
    ],
    ['alignment of 0', ggufFile({ 'general.alignment': 0 }), /power of two/],
    ['alignment of 24', ggufFile({ 'general.alignment': 24 }), /power of two/],
    ['alignment of text', ggufFile({ 'general.alignment': 'x' }), /must be a number, got "x"/],
    ['doubled tensor', ggufFile({}, [tensor(), tensor()]), /"a" \[2, 3\] of F32: is listed twice/],
    ['rank', ggufFile({}, [tensor({ dims: [1, 1, 1, 1, 6] })]), /5 dimensions/],
    ['zero', ggufFile({}, [tensor({ dims: [3, 0] })]), /has no values/],
    ['product over 2^53', ggufFile({}, [tensor({ dims: [2 ** 30, 2 ** 30] })]), /more values than can be counted/],
    ['larger than the file', ggufFile({}, [tensor({ dims: [3, 2000] })]), /needs bytes \d+ to \d+ of a file/],
    ['offset outside', ggufFile({}, [tensor({ offset: 2 ** 40 })]), /needs bytes/],
    ['offset not aligned', ggufFile({}, [tensor({ offset: 4 })]), /offset 4 is not a multiple of 32/],
    ['overlap', ggufFile({}, [tensor({ dims: [12] , data: new Uint8Array(48) }), tensor({ name: 'b', offset: 32 })]), /"b" overlaps "a"/],
    ['half blocks', ggufFile({}, [tensor({ dims: [16], type: 8 })]), /not whole blocks of 32/],
    ['other quantization', ggufFile({}, [tensor({ dims: [256], type: 16 })]), /tensor "a" is of type IQ2_XXS, which is not one of F32/],
    ['unknown quantization', ggufFile({}, [tensor({ type: 77 })]), /type number 77/],
  ];

  it.each(malformed)('refuses: %s', (_, bytes, message) => {
    expect(() => parse(bytes)).toThrow(GgufError);
    expect(() => parse(bytes)).toThrow(message);
  });

  it('asks for more of the file when the header does not end in the bytes at hand', () => {
    const bytes = ggufFile({ 'a.texts': ['one', 'two'] }, [tensor()]);
    const whole = parse(bytes);
    let length = 0;
    for (;;) {
      try {
        expect(parse(bytes.subarray(0, length), bytes.length).tensors).toEqual(whole.tensors);
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(NeedMoreBytes);
        expect((error as NeedMoreBytes).bytes).toBeGreaterThan(length);
        length = (error as NeedMoreBytes).bytes;
      }
    }
    expect(length).toBeGreaterThan(100);
  });

  describe('on mutated files', () => {
    const valid = ggufFile({ 'general.name': 'x', 'a.texts': ['b', 'c'], 'a.numbers': [1, 2, 3], 'a.nested': [[1], [2]], 'a.flag': true }, [
      tensor(),
      tensor({ name: 'b', dims: [32], type: 2, data: new Uint8Array(18) }),
    ]);

    function readOrRefuse(bytes: Uint8Array): void {
      try {
        const { tensors } = parse(bytes);
        expect(tensors.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(GgufError);
      }
    }

    it('survives changed and lost bytes', () => {
      const edit = fc.record({ at: fc.nat(valid.length - 1), value: fc.integer({ min: 0, max: 255 }) });
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.nat(valid.length), (edits, length) => {
          const bytes = valid.slice();
          for (const { at, value } of edits) bytes[at] = value;
          readOrRefuse(bytes);
          readOrRefuse(bytes.subarray(0, length));
        }),
        { numRuns: 3000 },
      );
    });

    it('survives any length where a length is read', () => {
      fc.assert(
        fc.property(fc.nat(valid.length - 9), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (at, value) => {
          const bytes = valid.slice();
          new DataView(bytes.buffer).setBigUint64(at, value, true);
          readOrRefuse(bytes);
        }),
        { numRuns: 3000 },
      );
    });
  });
});
