// Small models that really learn, and the rows around them whose making is not what is tested.
import request from 'supertest';
import { ModelsService } from '#src/artifacts/models.service.js';
import { newId } from '#src/common/id.js';
import { serializeCheckpoint, type Checkpoint } from '#src/lm/files/checkpoint.js';
import type { ModelConfig } from '#src/lm/model/config.js';
import { embeddingName } from '#src/lm/model/parameter-shapes.js';
import { rewardWeightsFrom } from '#src/lm/files/weights.js';
import { f32, floats } from '#src/nn/tensor.js';
import { modelInfo } from '#src/policies/uploaded-model.js';
import { completeReward } from '#src/rl/methods/reward.js';
import type { TestApp } from '../support/app.js';
import { tinyCheckpoint, uploadFiles } from '../support/tiny-policy.js';
import { givenCriterionVersion, givenPrompt, withSql } from './ratings.js';

/** At a width of 32 the usual initial embeddings leave all logits near zero, whatever the layers do. */
export function trainableCheckpoint(seed: string | number = 1, overrides: Partial<ModelConfig> = {}): Checkpoint {
  const checkpoint = tinyCheckpoint(seed, overrides);
  const embedding = checkpoint.tensors[embeddingName];
  const wide = f32(
    floats(embedding).map((value) => 15 * value),
    embedding.shape,
  );
  return { ...checkpoint, tensors: { ...checkpoint.tensors, [embeddingName]: wide } };
}

/** Id of the first version of a new policy. */
export async function givenPolicyVersion(t: TestApp, name: string, checkpoint: Checkpoint): Promise<string> {
  const policy = await request(t.http).post('/v1/policies').set(t.admin).send({ name }).expect(201);
  const files = await uploadFiles(t, serializeCheckpoint(checkpoint));
  const path = `/v1/policies/${policy.body.id}/versions`;
  return (await request(t.http).post(path).set(t.admin).send({ files }).expect(201)).body.id as string;
}

/** Random weights: a reward that is arbitrary and fixed, which is all that a policy needs to learn it. */
export async function givenRewardModel(t: TestApp, policyVersionId: string, trained = true): Promise<string> {
  const base = trainableCheckpoint('reward');
  const config = { ...base.config, head: 'reward' as const };
  const checkpoint = { ...base, config, tensors: rewardWeightsFrom(base.tensors, base.config, 1) };
  const model = await t
    .get(ModelsService)
    .saveModel(undefined, serializeCheckpoint(checkpoint), modelInfo(config));
  const criterionVersionId = await givenCriterionVersion(t);
  return withSql(t, async (client) => {
    const [pairSetId, id] = [newId(), newId()];
    await client.query(`INSERT INTO pair_sets (id, criterion_version_id, config) VALUES ($1, $2, '{}')`, [
      pairSetId,
      criterionVersionId,
    ]);
    await client.query(
      `INSERT INTO reward_models (id, name, pair_set_id, base_policy_version_id, hyperparameters, model_id, evaluation, trained_at)
       VALUES ($1, $2, $3, $4, $5, $6, '{}', now())`,
      [
        id,
        `reward ${id}`,
        pairSetId,
        policyVersionId,
        JSON.stringify(completeReward({ maxTokens: 64 })),
        model.id,
      ],
    );
    await client.query(`INSERT INTO reward_model_members (reward_model_id, member, model_id, training) VALUES ($1, 0, $2, '{}')`, [id, model.id]);
    if (!trained) await client.query('DELETE FROM reward_model_members WHERE reward_model_id = $1', [id]);
    if (!trained)
      await client.query(
        'UPDATE reward_models SET model_id = NULL, evaluation = NULL, trained_at = NULL WHERE id = $1',
        [id],
      );
    return id;
  });
}

/** A set of new prompts with these texts. */
export async function givenPromptSet(t: TestApp, name: string, texts: string[]): Promise<string> {
  const externalIds = texts.map((_, i) => `${name}-${i}`);
  const lines = texts.map((text, i) => JSON.stringify({ text, externalId: externalIds[i] })).join('\n');
  await request(t.http)
    .post('/v1/prompts/bulk')
    .set(t.admin)
    .set('content-type', 'application/x-ndjson')
    .send(lines)
    .expect(200);
  return (await request(t.http).post('/v1/prompt-sets').set(t.admin).send({ name, externalIds }).expect(201))
    .body.id as string;
}

export interface GivenPairs {
  prompt: string;
  chosen: string;
  rejected: string;
  split: 'train' | 'eval';
  tie?: boolean;
}

/** A pair set as its building would leave it, and a prompt with two completions for each of its pairs. */
export async function givenPairSet(t: TestApp, pairs: GivenPairs[], built = true): Promise<string> {
  const criterionVersionId = await givenCriterionVersion(t);
  const rows: (string | number | boolean)[][] = [];
  for (const [ordinal, { prompt, chosen, rejected, split, tie = false }] of pairs.entries()) {
    const { promptId, completionIds } = await givenPrompt(t, prompt, [{ text: chosen }, { text: rejected }]);
    rows.push([ordinal, promptId, ...completionIds, 2, tie ? 2 : 1, tie, split]);
  }
  return withSql(t, async (client) => {
    const id = newId();
    await client.query(
      `INSERT INTO pair_sets (id, criterion_version_id, config, pair_count, built_at) VALUES ($1, $2, '{}', $3, $4)`,
      [id, criterionVersionId, pairs.length, built ? new Date() : null],
    );
    for (const row of rows) await client.query('INSERT INTO pairs VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [id, ...row]);
    return id;
  });
}
