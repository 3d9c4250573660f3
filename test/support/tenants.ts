// An owner, a vendor whose things are to be kept, and a vendor that goes looking for them.
import request from 'supertest';
import { givenCriterionVersion, givenPrompt, withSql } from '../factories/ratings.js';
import { givenPromptSet, givenRewardModel } from '../factories/training.js';
import type { TestApp } from './app.js';
import { createTinyPolicy } from './tiny-policy.js';

/** In every text and name that the caller must not read. */
export const marker = 'not for your eyes';

/** Ids by the folder of the route that takes them: `prompts`, `api-keys`, ... */
type Ids = Record<string, string>;

export interface Tenants {
  owner: Ids;
  victim: Ids;
  caller: Ids;
}

export async function seedTenants(t: TestApp): Promise<Tenants> {
  const { promptId, completionIds } = await givenPrompt(t, `prompt ${marker}`, [{ text: `one ${marker}` }, { text: `two ${marker}` }]);
  const criterionVersionId = await givenCriterionVersion(t);
  const { policyId, versionId } = await createTinyPolicy(t, `policy ${marker}`);
  const promptSetId = await givenPromptSet(t, `set ${marker}`, [`text ${marker}`]);
  await givenRewardModel(t, versionId);
  const post = async (path: string, body: object, key = t.admin) => (await request(t.http).post(path).set(key).send(body).expect((r) => expectMade(r.status, r.text))).body;
  const { jobId } = await post('/v1/completion-batches', { policyVersionId: versionId, promptSetId, sampling: {} });
  const known: Ids = {
    prompts: promptId, completions: completionIds[0], 'criterion-versions': criterionVersionId, policies: policyId,
    'policy-versions': versionId, 'prompt-sets': promptSetId, ...(jobId && { jobs: jobId as string }),
  };

  const tenant = async (vendorId: string | null, text = marker): Promise<Ids> => {
    const key = vendorId === null ? t.admin : await t.vendorKey(vendorId);
    const labeler = await post('/v1/labelers', { externalId: `labeler ${text}` }, key);
    const endpoint = await post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/hook', description: text }, key);
    const delivery = await post(`/v1/webhook-endpoints/${endpoint.id}/ping`, {}, key);
    const session = await post(`/v1/labelers/${labeler.id}/sessions`, {}, key);
    const ids: Ids = { labelers: labeler.id, sessions: session.id, 'webhook-endpoints': endpoint.id, deliveries: delivery.id };
    if (vendorId === null) return ids;
    const made = await post(`/v1/vendors/${vendorId}/api-keys`, { name: text, scopes: ['tasks:work'] });
    return { ...ids, vendors: vendorId, 'api-keys': made.id };
  };
  /** A batch for the vendor, one of its tasks leased to its labeler. */
  const batch = async (vendorId: string | null, labelerId: string): Promise<Ids> => {
    const vendorIds = vendorId === null ? [] : [vendorId];
    const made = await post('/v1/labeling-batches', { name: marker, mode: 'rate', criterionVersionId, completionIds, vendorIds });
    const key = vendorId === null ? t.admin : await t.vendorKey(vendorId);
    const { tasks } = await post(`/v1/labeling-batches/${made.id}/tasks/claim`, { labelerId }, key);
    return { 'labeling-batches': made.id, tasks: tasks[0].id };
  };
  const rating = async (labelerId: string, vendorId: string | null, text = marker): Promise<string> =>
    withSql(t, async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `INSERT INTO ratings (id, completion_id, criterion_version_id, labeler_id, score, rationale, vendor_id)
         VALUES (gen_random_uuid(), $1, $2, $3, 3, $4, $5) RETURNING id`,
        [completionIds[0], criterionVersionId, labelerId, text, vendorId],
      );
      return rows[0].id;
    });

  /** A ranking of a prompt of its own: its answer names the prompt. */
  const preference = async (labelerId: string, vendorId: string | null, text = marker): Promise<string> => {
    const ranked = await givenPrompt(t, `ranked ${text}`, [{ text: `first ${text}` }, { text: `second ${text}` }]);
    return withSql(t, async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `WITH made AS (
           INSERT INTO preferences (id, kind, prompt_id, criterion_version_id, labeler_id, rationale, vendor_id)
           VALUES (gen_random_uuid(), 'ranking', $1, $2, $3, $4, $5) RETURNING id)
         INSERT INTO preference_ranks (preference_id, completion_id, rank)
         SELECT made.id, c.id, c.rank FROM made, unnest($6::uuid[]) WITH ORDINALITY c (id, rank) RETURNING preference_id AS id`,
        [ranked.promptId, criterionVersionId, labelerId, text, vendorId, ranked.completionIds],
      );
      return rows[0].id;
    });
  };
  /** What people said: a rating and a ranking. */
  const judgements = async (labelerId: string, vendorId: string | null, text = marker): Promise<Ids> => ({
    ratings: await rating(labelerId, vendorId, text),
    preferences: await preference(labelerId, vendorId, text),
  });

  const owner = await tenant(null);
  const victim = await tenant(await t.givenVendor(`vendor ${marker}`));
  const caller = await tenant(await t.givenVendor(), 'my own');
  return {
    owner: { ...(await anyOf(t)), ...known, ...owner, ...(await batch(null, owner.labelers)), ...(await judgements(owner.labelers, null)) },
    victim: { ...victim, ...(await batch(victim.vendors, victim.labelers)), ...(await judgements(victim.labelers, victim.vendors)) },
    caller: { ...caller, ...(await judgements(caller.labelers, caller.vendors, 'my own')) },
  };
}

/** One id of every table that a route may be named after. */
async function anyOf(t: TestApp): Promise<Ids> {
  return withSql(t, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'id' AND data_type = 'uuid'`,
    );
    const ids: Ids = {};
    for (const { name } of rows) {
      const found = await client.query<{ id: string }>(`SELECT id FROM "${name}" LIMIT 1`);
      if (found.rows[0]) ids[name.replaceAll('_', '-')] = found.rows[0].id;
    }
    return ids;
  });
}

function expectMade(status: number, text: string): void {
  if (status >= 300) throw new Error(`seeding failed: ${status} ${text}`);
}
