// Policies to start reward models from: the starter, or an untrained decoder of its shape with a tokenizer
// learnt from the texts at hand.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chatMarkers, chatTemplate } from '#src/lm/text/chat.js';
import { serializeCheckpoint, type FileMap } from '#src/lm/files/checkpoint.js';
import { trainBpe } from '../../tools/starter/train-bpe.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { initWeights } from '#src/lm/files/weights.js';
import type { Plumbline } from '#sdk/client.js';
import { starterConfig } from '../engine/shapes.js';
import { postJson } from './json-requests.js';

const starterDir = join('models', 'starter');
const notModelFiles = new Set(['recipe.json']);

/** Files of the starter policy; undefined in a tree where it was not made. */
export async function starterFiles(): Promise<FileMap | undefined> {
  if (!existsSync(join(starterDir, 'model.safetensors'))) return undefined;
  const names = (await readdir(starterDir)).filter((name) => /\.(json|safetensors)$/.test(name) && !notModelFiles.has(name));
  const read = async (name: string) => [name, await readFile(join(starterDir, name))] as const;
  return Object.fromEntries(await Promise.all(names.map(read)));
}

/** Random weights in the starter's shape but for the vocabulary and the number of positions. */
export function untrainedFiles(texts: Iterable<string>, options: { merges: number; positions: number; seed: number }): FileMap {
  const { user, assistant, end } = chatMarkers;
  const pad = '<|pad|>';
  const specialTokens = [pad, user, assistant, end];
  const tokenizer = trainBpe(texts, { merges: options.merges, specialTokens, eos: end, pad, chatTemplate });
  const { vocabSize, eosTokenId, padTokenId } = Tokenizer.fromFiles(tokenizer);
  const config = {
    ...starterConfig,
    vocabSize,
    maxPositionEmbeddings: options.positions,
    eosTokenIds: [eosTokenId!],
    padTokenId,
  };
  return serializeCheckpoint({ config, tokenizer, tensors: initWeights(config, options.seed) });
}

/** A policy with these files as its first version; answers with the id of that version. */
export async function uploadPolicy(client: Plumbline, name: string, files: FileMap): Promise<string> {
  const uploaded: { name: string; artifactId: string }[] = [];
  for (const [file, bytes] of Object.entries(files)) {
    const artifact = await client.upload(bytes, { kind: 'model-file', fileName: file });
    uploaded.push({ name: file, artifactId: artifact.id });
  }
  const policy = await postJson<{ id: string }>(client, '/v1/policies', { name });
  const version = await postJson<{ id: string }>(client, `/v1/policies/${policy.id}/versions`, { files: uploaded });
  return version.id;
}
