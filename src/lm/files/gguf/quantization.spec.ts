import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tensorType } from './quantization.js';

interface Case {
  id: number;
  blocks: string;
  values: string;
}

const golden = JSON.parse(readFileSync('test/golden/gguf/blocks.json', 'utf8')) as Record<string, Case>;
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

describe('block formats', () => {
  it.each(Object.entries(golden))('gives the values of gguf-py for %s', (name, { id, blocks, values }) => {
    const wanted = new Float32Array(bytes(values).buffer);
    const type = tensorType(id, 'x');
    expect(type.name).toBe(name);
    const raw = bytes(blocks);
    expect((raw.length / type.blockBytes) * type.blockValues).toBe(wanted.length);
    const out = new Float32Array(wanted.length);
    type.dequantize(raw, out);
    expect(Array.from(out)).toEqual(Array.from(wanted));
    expect(new Set(out).size).toBeGreaterThan(10);
  });

  // d = 0.5 is 0x3800, m = -1 is 0xbc00.
  const block = (head: number[], rest: number[]): Uint8Array => Uint8Array.from([...head, ...rest]);
  const run = (id: number, raw: Uint8Array): number[] => {
    const out = new Float32Array(32);
    tensorType(id, 'x').dequantize(raw, out);
    return Array.from(out);
  };

  it('follows the formulas by hand: Q8_0', () => {
    const q = Array.from({ length: 32 }, (_, i) => i * 8 - 128);
    expect(run(8, block([0x00, 0x38], q.map((value) => value & 255)))).toEqual(q.map((value) => 0.5 * value));
  });

  it('follows the formulas by hand: Q4_0 and Q4_1', () => {
    // Low nibble i, high nibble 15 - i: values 0..15 in the first half, 15..0 in the second.
    const nibbles = Array.from({ length: 16 }, (_, i) => i | ((15 - i) << 4));
    const q = [...nibbles.map((_, i) => i), ...nibbles.map((_, i) => 15 - i)];
    expect(run(2, block([0x00, 0x38], nibbles))).toEqual(q.map((value) => 0.5 * (value - 8)));
    expect(run(3, block([0x00, 0x38, 0x00, 0xbc], nibbles))).toEqual(q.map((value) => 0.5 * value - 1));
  });

  it('follows the formulas by hand: Q5_0 and Q5_1', () => {
    // The fifth bit is set for values 0, 8 and 31 alone.
    const nibbles = Array.from({ length: 16 }, (_, i) => i | ((15 - i) << 4));
    const fifth = [0x01, 0x01, 0x00, 0x80];
    const q = [...nibbles.map((_, i) => i), ...nibbles.map((_, i) => 15 - i)];
    for (const i of [0, 8, 31]) q[i] += 16;
    expect(run(6, block([0x00, 0x38], [...fifth, ...nibbles]))).toEqual(q.map((value) => 0.5 * (value - 16)));
    expect(run(7, block([0x00, 0x38, 0x00, 0xbc], [...fifth, ...nibbles]))).toEqual(q.map((value) => 0.5 * value - 1));
  });
});
