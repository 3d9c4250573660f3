import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '#src/common/hash.js';
import { HashingSource, openFile, readRange } from './byte-source.js';
import { readSafetensorsFile, sourceOf } from '../testing.fixture.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'plumbline-bytes-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A safetensors file of one float32 tensor, all zeros but its last value; the disk holds its ends alone. */
function sparseTensor(values: number): string {
  const path = join(directory, `${values}.safetensors`);
  const header = JSON.stringify({ w: { dtype: 'F32', shape: [values], data_offsets: [0, 4 * values] } });
  const start = Buffer.alloc(8 + header.length);
  start.writeBigUInt64LE(BigInt(header.length));
  start.write(header, 8);
  const last = Buffer.alloc(4);
  last.writeFloatLE(1.5);
  const file = openSync(path, 'w');
  writeSync(file, start, 0, start.length, 0);
  ftruncateSync(file, start.length + 4 * values);
  writeSync(file, last, 0, 4, start.length + 4 * (values - 1));
  closeSync(file);
  return path;
}

test('a file of more than 2 GiB is read, which Node reads neither as a whole nor in one call', async () => {
  const values = 2 ** 29 + 3;
  const { tensors } = await readSafetensorsFile(sparseTensor(values));
  expect(tensors.w.data).toHaveLength(values);
  expect([tensors.w.data[values - 2], tensors.w.data[values - 1]]).toEqual([0, 1.5]);
});

test('what lies beyond the end is an error, of a file and of bytes', async () => {
  const source = await openFile(sparseTensor(2));
  await expect(readRange(source, source.bytes - 2, 4)).rejects.toThrow(/ended at byte/);
  expect([...(await readRange(source, source.bytes - 4, 4))]).toEqual([0, 0, 192, 63]);
  await source.close();
  await expect(readRange(sourceOf(new Uint8Array(3)), 2, 2)).rejects.toThrow('there are 3 bytes');
});

test('a hash is of everything in order, or there is none', async () => {
  const bytes = Buffer.from('hello world');
  const source = new HashingSource(sourceOf(bytes));
  expect((await readRange(source, 0, 5)).toString()).toBe(bytes.subarray(0, 5).join());
  expect(() => source.digest()).toThrow('5 of 11 bytes were read');
  await expect(readRange(source, 6, 1)).rejects.toThrow('byte 6 is read after byte 5');
  await readRange(source, 5, 6);
  expect(source.digest()).toBe(sha256(bytes));
});
