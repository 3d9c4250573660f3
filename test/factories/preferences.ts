// A pair set with a preference that a small model learns in seconds.
import request from 'supertest';
import { expect } from 'vitest';
import { Rng } from '#src/common/rng.js';
import { settled, type Node } from '../integration/jobs-fixture.js';
import type { TestApp } from '../support/app.js';
import { givenCriterionVersion, givenLabeler, givenPrompt, withSql } from './ratings.js';

/** A prompt with its completions, the odd ones preferred. */
export interface PoliteSample {
  promptId: string;
  completionIds: string[];
  texts: string[];
}

/**
 * 80 prompts with 4 completions each; a completion with an exclamation mark is rated high, any other low. Every other
 * prompt has the tag `even`.
 */
export async function givenPolitePairs(
  t: TestApp,
  worker: Node,
  settings: object = {},
): Promise<{ pairSetId: string; criterionVersionId: string; sample: PoliteSample }> {
  const criterionVersionId = await givenCriterionVersion(t);
  const labelerId = await givenLabeler(t, 'ann');
  const rng = Rng.from('texts');
  const word = () => Array.from({ length: 1 + rng.int(4) }, () => String.fromCharCode(97 + rng.int(26))).join('');
  const ratings: object[] = [];
  const even: string[] = [];
  let sample!: PoliteSample;
  for (let i = 0; i < 80; i++) {
    const texts = Array.from({ length: 4 }, (_, k) => {
      const words = Array.from({ length: 2 + rng.int(4) }, word);
      return (k % 2 === 1 ? words.with(rng.int(words.length), '!!!') : words).join(' ');
    });
    const { promptId, completionIds } = await givenPrompt(t, `prompt ${i} ${word()}`, texts.map((text) => ({ text })));
    completionIds.forEach((completionId, k) =>
      ratings.push({ completionId, criterionVersionId, labelerId, score: k % 2 === 1 ? 5 : 2, position: k }),
    );
    if (i % 2 === 0) even.push(promptId);
    sample = { promptId, completionIds, texts };
  }
  await withSql(t, (client) => client.query(`UPDATE prompts SET tags = '{even}' WHERE id = ANY($1)`, [even]));
  const lines = ratings.map((rating) => JSON.stringify(rating)).join('\n');
  const landed = await request(t.http).post('/v1/ratings/bulk').set(t.admin).set('content-type', 'application/x-ndjson').send(lines);
  expect(landed.body).toMatchObject({ created: 320, failed: 0 });
  return { pairSetId: await builtPairSet(t, worker, { criterionVersionId, ...settings }), criterionVersionId, sample };
}

export async function builtPairSet(t: TestApp, worker: Node, body: object): Promise<string> {
  const { body: set } = await request(t.http).post('/v1/pair-sets').set(t.admin).send({ evalFraction: 0.25, ...body }).expect(202);
  expect(await settled(worker, set.jobId)).toMatchObject({ state: 'succeeded' });
  return set.id as string;
}
