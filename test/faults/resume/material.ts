// What training runs need, made through the API: a tiny policy, prompts with rated answers, pairs of them.
import { chatMarkers } from '#src/lm/text/chat.js';
import { serializeCheckpoint, type FileMap } from '#src/lm/files/checkpoint.js';
import { embeddingName } from '#src/lm/model/parameter-shapes.js';
import { Tokenizer } from '#src/lm/text/tokenizer.js';
import { trainBpe } from '../../../tools/starter/train-bpe.js';
import { initWeights } from '#src/lm/files/weights.js';
import { f32, floats } from '#src/nn/tensor.js';
import type { Plumbline } from '#sdk/client.js';
import { getJson, postJson } from '../../../bench/system/json-requests.js';
import { uploadPolicy } from '../../../bench/system/policies.js';
import { ensureCriterionVersion, ensureLabeler } from '../../../scripts/client/ensure.js';

export interface Material {
  policyVersionId: string;
  pairSetId: string;
  promptSetId: string;
}

const prompts = Array.from({ length: 24 }, (_, i) => `What is ${i} plus ${i}?`);
/** The shorter the better. */
const answersTo = (i: number): string[] => [`${2 * i}.`, `It is ${2 * i}.`, `The answer, I think, is ${2 * i}.`];

export async function makeMaterial(client: Plumbline): Promise<Material> {
  const policyVersionId = await uploadPolicy(client, 'learner', tinyPolicy());
  const promptIds = prompts.map((_, i) => `drill-${i}`);
  await client.bulk('/v1/prompts/bulk', prompts.map((text, i) => ({ externalId: promptIds[i], text })));
  const completions = promptIds.flatMap((promptExternalId, i) =>
    answersTo(i).map((text, a) => ({ externalId: `${promptExternalId}/${a}`, promptExternalId, text, source: 'drill' })),
  );
  await client.bulk('/v1/completions/bulk', completions);
  const { id: criterionVersionId } = await ensureCriterionVersion(client, {
    name: 'brevity',
    instructions: 'The shorter the better.',
    scale: [1, 2, 3].map((value) => ({ value, label: `level ${value}` })),
  });
  await ensureLabeler(client, { externalId: 'drill-labeler', simulated: true });
  await client.bulk('/v1/ratings/bulk', await ratingsOf(client, criterionVersionId));
  const pairSet = await postJson<{ id: string; jobId: string }>(client, '/v1/pair-sets', { criterionVersionId, strategy: 'all', seed: 1 });
  await client.waitForJob(pairSet.jobId);
  const promptSet = await postJson<{ id: string }>(client, '/v1/prompt-sets', { name: 'drill', externalIds: promptIds });
  return { policyVersionId, pairSetId: pairSet.id, promptSetId: promptSet.id };
}

async function ratingsOf(client: Plumbline, criterionVersionId: string): Promise<object[]> {
  const { data } = await getJson<{ data: { id: string; externalId: string }[] }>(client, '/v1/completions?limit=500');
  return data.map(({ id, externalId }) => ({
    completionId: id,
    criterionVersionId,
    labelerExternalId: 'drill-labeler',
    score: 3 - Number(externalId.split('/')[1]),
    externalId: `rating of ${externalId}`,
  }));
}

/** Random weights whose steps take some hundredths of a second. */
export function tinyPolicy(): FileMap {
  const { user, assistant, end } = chatMarkers;
  const tokenizer = trainBpe(prompts, { merges: 40, specialTokens: [user, assistant, end], eos: end });
  const { vocabSize, eosTokenId } = Tokenizer.fromFiles(tokenizer);
  const config = {
    hiddenSize: 64,
    intermediateSize: 128,
    numLayers: 2,
    numHeads: 4,
    numKeyValueHeads: 2,
    headDim: 16,
    rmsNormEps: 1e-6,
    ropeTheta: 10_000,
    vocabSize,
    maxPositionEmbeddings: 128,
    tieWordEmbeddings: true,
    bosTokenId: null,
    eosTokenIds: [eosTokenId!],
    padTokenId: null,
    head: 'lm' as const,
  };
  const tensors = initWeights(config, 1);
  // At this width the usual initial embeddings leave all logits near zero, whatever the layers do.
  const embedding = tensors[embeddingName];
  const wide = f32(floats(embedding).map((value) => 10 * value), embedding.shape);
  return serializeCheckpoint({ config, tokenizer, tensors: { ...tensors, [embeddingName]: wide } });
}
