import { describe, expect, it } from 'vitest';
import { type ByteSource } from '#src/lm/files/byte-source.js';
import { serializeCheckpoint, type FileMap } from '#src/lm/files/checkpoint.js';
import { type Tensors } from '#src/lm/files/safetensors.js';
import { tinyConfig } from '#src/lm/model/tiny-model.fixture.js';
import { initWeights } from '#src/lm/files/weights.js';
import { checkUploadedWeights, readHeaders } from './uploaded-weights.js';
import { writeSafetensors, sourceOf } from '#src/lm/testing.fixture.js';

const tensors = initWeights(tinyConfig, 1);
const checkpoint = { config: tinyConfig, tokenizer: { tokenizerJson: '{}', tokenizerConfigJson: '{}' }, tensors };
const sources = (files: FileMap): Record<string, ByteSource> =>
  Object.fromEntries(Object.entries(files).flatMap(([name, bytes]) => (name.endsWith('.safetensors') ? [[name, sourceOf(bytes)]] : [])));

const whole = (given: Tensors = tensors): Uint8Array => writeSafetensors(given);
const checkFiles = async (files: Record<string, ByteSource>, index?: string, config = tinyConfig): Promise<void> => checkUploadedWeights(await readHeaders(files), index, config);
const check = (bytes: Uint8Array, config = tinyConfig): Promise<void> => checkFiles({ 'model.safetensors': sourceOf(bytes) }, undefined, config);

/** The same file with another header in front of the same data. */
function withHeader(change: (header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>) => unknown): Uint8Array {
  const bytes = Buffer.from(whole());
  const length = Number(bytes.readBigUInt64LE());
  const changed = change(JSON.parse(bytes.subarray(8, 8 + length).toString()) as never);
  const json = Buffer.from(typeof changed === 'string' ? changed : JSON.stringify(changed));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([start, json, bytes.subarray(8 + length)]);
}

const norm = 'model.norm.weight';

describe('weights in one file', () => {
  it('takes what fits the configuration', async () => {
    await expect(check(whole())).resolves.toBeUndefined();
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a tensor missing', whole(Object.fromEntries(Object.entries(tensors).filter(([name]) => name !== norm))), /"model.norm.weight" is missing/],
    ['a tensor too many', whole({ ...tensors, 'model.extra.weight': tensors[norm] }), /"model.extra.weight" has no place/],
    ['another shape', whole({ ...tensors, [norm]: { ...tensors[norm], shape: [4, 4] } }), /has shape \[4, 4\]/],
    ['a doubled name', withHeader((header) => JSON.stringify(header).replace('{', `{"${norm}":${JSON.stringify(header[norm])},`)), /"model.norm.weight" is listed twice/],
    ['two tensors in one place', withHeader((header) => ({ ...header, 'model.embed_tokens.weight': { ...header['model.embed_tokens.weight'], data_offsets: header['lm_head.weight'].data_offsets } })), /overlaps/],
    ['a hole', Buffer.concat([whole(), Buffer.alloc(8)]), /8 unused bytes after/],
    ['integers', withHeader((header) => ({ ...header, [norm]: { ...header[norm], dtype: 'I32' } })), /dtype "I32"/],
    ['offsets that are no numbers', withHeader((header) => ({ ...header, [norm]: { ...header[norm], data_offsets: ['0', null] } })), /bad data_offsets/],
    ['an endless header', Buffer.alloc(64, 255), /is over 16 MB/],
    ['nothing', Buffer.alloc(0), /too short/],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(check(bytes)).rejects.toThrow(message);
    await expect(check(bytes)).rejects.toThrow(/^(model.safetensors: |tensor )/);
  });

  it('does not list the layers of a configuration that claims a billion', async () => {
    await expect(check(whole(), { ...tinyConfig, numLayers: 1e9 })).rejects.toThrow(/1000000000 layers cannot be made of \d+ tensors/);
  });

  it('refuses a shard that no index speaks of', async () => {
    const files = { 'model.safetensors': sourceOf(whole()), 'more.safetensors': sourceOf(whole()) };
    await expect(checkFiles(files)).rejects.toThrow('more.safetensors is a shard without an index');
  });
});

describe('weights in shards', () => {
  const files = serializeCheckpoint(checkpoint, 'F16', { maxShardBytes: 2000 });
  const index = Buffer.from(files['model.safetensors.index.json']).toString();
  const shards = sources(files);
  const [first] = Object.keys(shards);

  it('takes them with their index', async () => {
    expect(Object.keys(shards).length).toBeGreaterThan(2);
    await expect(checkFiles(shards, index)).resolves.toBeUndefined();
  });

  it('refuses a shard that is missing, one too many, and an index that says something else', async () => {
    const { [first]: left, ...rest } = shards;
    await expect(checkFiles(rest, index)).rejects.toThrow(`${first} is missing`);
    await expect(checkFiles({ ...shards, 'model.safetensors': left }, index)).rejects.toThrow('model.safetensors is not listed in the index');
    const elsewhere = index.replace(`"${norm}": "`, `"${norm}": "another-`);
    await expect(checkFiles(shards, elsewhere)).rejects.toThrow(/another-.* is missing/);
    await expect(checkFiles(shards, '{}')).rejects.toThrow(/weight_map/);
  });
});
