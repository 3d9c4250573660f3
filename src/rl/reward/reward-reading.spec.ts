// Where a reward is read, against transformers: a model that pads with its end marker is read before it, one with a pad
// token of its own at it. Golden files by tools/oracles/families.py.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseCheckpoint } from '#src/lm/files/checkpoint.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { readSafetensors } from '#src/lm/files/safetensors.js';
import { inputParams } from '#src/lm/files/weights.js';
import { runOnce } from '#src/nn/testing.fixture.js';
import { floats, i64 } from '#src/nn/tensor.js';
import { packTexts } from '../batch/packed-texts.js';
import { rewardsGraph } from './reward-graph.js';

const folder = new URL('../../../test/golden/families/llama-reward-marker-pads/', import.meta.url);
const bytes = (name: string): Uint8Array => readFileSync(new URL(name, folder));
const { config, tensors } = parseCheckpoint({
  'config.json': bytes('config.json'),
  'model.safetensors': bytes('model.safetensors'),
  'tokenizer.json': new TextEncoder().encode('{}'),
});
const texts = JSON.parse(readFileSync(new URL('texts.json', folder), 'utf8')) as number[][];
const expected = readSafetensors(bytes('expected.safetensors')).tensors;
const marker = 2;

async function read(unread: number | null, promptLength: number): Promise<number[]> {
  const encoded = texts.map((ids) => ({ prompt: ids.slice(0, promptLength), completion: ids.slice(promptLength), truncated: false }));
  const { rows, time, ends, feeds } = packTexts(encoded, { padId: config.padTokenId!, attentionCost: attentionCost(config), unread });
  const { rewards } = rewardsGraph({ config, params: inputParams(tensors) }, { rows, time, texts: texts.length });
  return [...floats((await runOnce({ rewards }, { ...tensors, ...feeds, last: i64(ends, [texts.length]) })).rewards)];
}

const worst = (found: number[], name: string): number => Math.max(...found.map((value, i) => Math.abs(value - floats(expected[name])[i])));

test.each([2, 5, 6, 0])('of texts that end in the pad token, with %i tokens of prompt', async (promptLength) => {
  expect(config.padTokenId).toBe(marker);
  expect(texts.every((ids) => ids.at(-1) === marker)).toBe(true);
  expect(worst(await read(marker, promptLength), 'before_marker')).toBeLessThan(1e-4);
  expect(worst(await read(null, promptLength), 'at_marker')).toBeLessThan(1e-4);
  expect(worst(await read(null, promptLength), 'before_marker')).toBeGreaterThan(0.01);
});
