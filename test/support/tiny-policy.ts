import request from 'supertest';
import type { ModelConfig } from '#src/lm/model/config.js';
import { chatMarkers } from '#src/lm/text/chat.js';
import { serializeCheckpoint, type Checkpoint, type FileMap } from '#src/lm/files/checkpoint.js';
import { trainBpe } from '../../tools/starter/train-bpe.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { initWeights } from '#src/lm/files/weights.js';
import type { TestApp } from './app.js';

/** An untrained Llama of a few thousand weights over bytes: everything a real one has, in a millisecond. */
export function tinyCheckpoint(seed: string | number = 1, overrides: Partial<ModelConfig> = {}): Checkpoint {
  const { user, assistant, end } = chatMarkers;
  const tokenizer = trainBpe(['a small text'], { merges: 4, specialTokens: [user, assistant, end], eos: end });
  const { vocabSize, eosTokenId } = Tokenizer.fromFiles(tokenizer);
  const config: ModelConfig = {
    hiddenSize: 32,
    intermediateSize: 48,
    numLayers: 2,
    numHeads: 2,
    numKeyValueHeads: 1,
    headDim: 16,
    rmsNormEps: 1e-6,
    ropeTheta: 10_000,
    vocabSize,
    maxPositionEmbeddings: 256,
    tieWordEmbeddings: true,
    bosTokenId: null,
    eosTokenIds: [eosTokenId!],
    padTokenId: null,
    head: 'lm',
    ...overrides,
  };
  return { config, tokenizer, tensors: initWeights(config, seed) };
}

/** Uploads files through the API; their artifacts in the form that a new version takes. */
export async function uploadFiles(t: TestApp, files: FileMap): Promise<{ name: string; artifactId: string }[]> {
  const uploaded = [];
  for (const [name, bytes] of Object.entries(files)) {
    const { body } = await request(t.http)
      .post('/v1/artifacts')
      .query({ kind: 'model-file', fileName: name })
      .set(t.admin)
      .set('content-type', 'application/octet-stream')
      .send(Buffer.from(bytes))
      .expect(201);
    uploaded.push({ name, artifactId: (body as { id: string }).id });
  }
  return uploaded;
}

/** A policy with one version, made through the API. */
export async function createTinyPolicy(t: TestApp, name = 'tiny', seed: string | number = 1): Promise<{ policyId: string; versionId: string }> {
  const policy = await request(t.http).post('/v1/policies').set(t.admin).send({ name }).expect(201);
  const policyId = (policy.body as { id: string }).id;
  const files = await uploadFiles(t, serializeCheckpoint(tinyCheckpoint(seed)));
  const version = await request(t.http).post(`/v1/policies/${policyId}/versions`).set(t.admin).send({ files }).expect(201);
  return { policyId, versionId: (version.body as { id: string }).id };
}
