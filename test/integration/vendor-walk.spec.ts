// Every route of the API, by the OpenAPI document, walked with the key of a vendor that has every scope a vendor may
// have, and with ids of the owner's and of another vendor's resources: nothing may be read, nothing may change. Then once
// more with the session of one of its labelers.
import { readFileSync } from 'node:fs';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vendorScopes } from '#src/auth/scopes.js';
import { newId } from '#src/common/id.js';
import { givenCriterionVersion, givenPrompt, withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { marker, seedTenants, type Tenants } from '../support/tenants.js';
import { closedToVendors } from './vendor-closed-routes.js';

/**
 * What a vendor may reach, by operationId, and how it keeps vendors to their own. Every other route stands in
 * vendor-closed-routes.ts and must answer 403. A route in neither table fails the walk, whatever it answers.
 */
type Opening =
  /** Needs no key. */
  | { kind: 'public' }
  /** Answers 200 with the caller's rows, whatever it is asked for. */
  | { kind: 'list' }
  /** Answers 404 for what is not the caller's, as it does for what is not there. */
  | { kind: 'other'; body?: object }
  /** Answers 4xx for each of these bodies, which name what is not the caller's. */
  | { kind: 'refused'; bodies: (t: Tenants) => (object | string)[] }
  /** Makes or shows what is the caller's own, and can name nothing else. */
  | { kind: 'own' };

const openings: Record<string, Opening> = {
  health_checkLive: { kind: 'public' },
  health_checkReady: { kind: 'public' },
  me_get: { kind: 'own' },
  vendors_list: { kind: 'list' },
  vendors_get: { kind: 'other' },
  vendorApiKeys_create: { kind: 'other', body: { name: 'mine now', scopes: ['tasks:work'] } },
  vendorApiKeys_list: { kind: 'other' },
  vendorApiKeys_revoke: { kind: 'other' },
  vendorApiKeys_rotate: { kind: 'other', body: {} },
  labelers_list: { kind: 'list' },
  labelers_get: { kind: 'other' },
  labelers_getQuality: { kind: 'other' },
  labelers_create: { kind: 'refused', bodies: ({ victim }) => [{ externalId: 'x', vendorId: victim.vendors }] },
  labelerSessions_create: { kind: 'other', body: {} },
  labelerSessions_list: { kind: 'other' },
  labelerSessions_revoke: { kind: 'other' },
  // Answers to a labeler's session only.
  labelerSessions_getCurrent: { kind: 'refused', bodies: () => [{}] },
  preferences_list: { kind: 'list' },
  preferences_get: { kind: 'other' },
  preferences_supersede: { kind: 'other', body: { ranking: [] } },
  rankings_create: { kind: 'refused', bodies: (t) => foreignPreferences(t).map((given) => ({ ...given, ranking: [[t.owner.completions], [newId()]] })) },
  preferenceJudgements_create: {
    kind: 'refused',
    bodies: (t) => foreignPreferences(t).map((given) => ({ ...given, completionIds: [t.owner.completions, newId()], preferredCompletionId: null })),
  },
  rankings_createBulk: {
    kind: 'refused',
    bodies: (t) => foreignPreferences(t).map((given) => JSON.stringify({ ...given, ranking: [[t.owner.completions], [newId()]] })),
  },
  preferenceJudgements_createBulk: {
    kind: 'refused',
    bodies: (t) => foreignPreferences(t).map((given) => JSON.stringify({ ...given, completionIds: [t.owner.completions, newId()], preferredCompletionId: null })),
  },
  ratings_list: { kind: 'list' },
  ratings_get: { kind: 'other' },
  ratings_supersede: { kind: 'other', body: { score: 1 } },
  ratings_create: { kind: 'refused', bodies: foreignRatings },
  ratings_createBulk: { kind: 'refused', bodies: (t) => foreignRatings(t).map((rating) => JSON.stringify(rating)) },
  criterionVersions_get: { kind: 'other' },
  criteria_getVersionAgreement: { kind: 'other' },
  labelingBatches_getAgreement: { kind: 'other' },
  labelingBatches_list: { kind: 'list' },
  labelingBatches_get: { kind: 'other' },
  tasks_claim: { kind: 'other', body: { labelerExternalId: 'labeler my own' } },
  tasks_list: { kind: 'other' },
  tasks_get: { kind: 'other' },
  tasks_heartbeat: { kind: 'other', body: {} },
  tasks_release: { kind: 'other' },
  tasks_skip: { kind: 'other', body: { reason: 'because' } },
  tasks_submit: { kind: 'other', body: {} },
  tasks_correct: { kind: 'other', body: {} },
  webhookEndpoints_create: { kind: 'own' },
  webhookEndpoints_list: { kind: 'list' },
  webhookEndpoints_get: { kind: 'other' },
  webhookEndpoints_update: { kind: 'other', body: { enabled: false } },
  webhookEndpoints_delete: { kind: 'other' },
  webhookEndpoints_rotateSecret: { kind: 'other', body: {} },
  webhookEndpoints_ping: { kind: 'other' },
  webhookDeliveries_list: { kind: 'other' },
  webhookDeliveries_get: { kind: 'other' },
  webhookDeliveries_redeliver: { kind: 'other' },
};

/** By a labeler of another vendor; and by one's own of a completion that was never leased to one. */
function foreignRatings({ owner, victim, caller }: Tenants): object[] {
  const rating = { completionId: owner.completions, criterionVersionId: owner['criterion-versions'], score: 3 };
  return [{ ...rating, labelerId: victim.labelers }, { ...rating, labelerId: caller.labelers }];
}

function foreignPreferences({ owner, victim, caller }: Tenants): object[] {
  const criterionVersionId = owner['criterion-versions'];
  return [
    { criterionVersionId, labelerId: victim.labelers },
    { criterionVersionId, labelerId: caller.labelers },
  ];
}

interface Parameter {
  name: string;
  in: string;
  schema: { format?: string };
}
interface Operation {
  operationId: string;
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  path: string;
  parameters: Parameter[];
}
const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, { operationId: string; parameters?: Parameter[] }>>;
};
const operations: Operation[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, { operationId, parameters = [] }]) => ({ operationId, method: method as Operation['method'], path, parameters })),
);
const named = (kind: Opening['kind']) => operations.filter(({ operationId }) => openings[operationId]?.kind === kind);
const closed = operations.filter(({ operationId }) => closedToVendors.includes(operationId));

let t: TestApp;
let tenants: Tenants;
let key: { Authorization: string };
const answers: string[] = [];

beforeAll(async () => {
  t = await createTestApp({ ALLOW_PRIVATE_WEBHOOKS: 'true' });
  tenants = await seedTenants(t);
  key = await t.vendorKey(tenants.caller.vendors, ...vendorScopes);
}, 120_000);
afterAll(() => t.close());

async function call({ method, path }: Operation, filled: string, body?: object | string, as = key) {
  const sent = request(t.http)[method](filled).set(as);
  if (method === 'post' || method === 'put' || method === 'patch') {
    if (path.endsWith('/bulk')) sent.set('content-type', 'application/x-ndjson').send(typeof body === 'string' ? body : '{}');
    else sent.send(body ?? {});
  }
  const answer = await sent;
  answers.push(answer.text ?? '');
  return answer;
}

/** `/v1/vendors/{id}/api-keys/{keyId}` with ids of each of `whose`, in the order of the parameters. */
function fill(path: string, whose: (index: number) => Record<string, string>): string {
  let index = 0;
  let folder = '';
  return path
    .split('/')
    .map((part) => {
      if (!part.startsWith('{')) return (folder = part);
      const ids = whose(index++);
      if (part === '{number}') return '1';
      return ids[folder] ?? newId();
    })
    .join('/');
}

/** A table's content; what changes by itself is left out. */
async function snapshot(): Promise<Map<string, string>> {
  return withSql(t, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL ('{audit_log,idempotency_keys,outbox}')`,
    );
    const content = new Map<string, string>();
    for (const { name } of rows) {
      const one = await client.query<{ sum: string }>(`SELECT coalesce(md5(string_agg(j, '' ORDER BY j)), '') AS sum FROM (SELECT (to_jsonb(t) - 'last_used_at')::text AS j FROM "${name}" t) s`);
      content.set(name, one.rows[0].sum);
    }
    return content;
  });
}
async function changesNothing(work: () => Promise<void>): Promise<void> {
  const before = await snapshot();
  await work();
  const after = await snapshot();
  expect([...after].filter(([name, sum]) => before.get(name) !== sum).map(([name]) => name)).toEqual([]);
}

test('every route is in one of the two tables, and in no two', () => {
  const ids = operations.map(({ operationId }) => operationId);
  const classified = [...Object.keys(openings), ...closedToVendors];
  expect(ids.filter((id) => !classified.includes(id)), 'routes that are neither opened to vendors nor closed on purpose').toEqual([]);
  expect(classified.filter((id, i) => classified.indexOf(id) < i), 'routes that are in the tables twice').toEqual([]);
  expect(classified.filter((id) => !ids.includes(id)), 'routes that are not there any more').toEqual([]);
  expect(closed.length).toBeGreaterThan(60);
});

test('what is asked for is there: a foreign id of nothing would be refused by any code', () => {
  const { owner, victim } = tenants;
  // Of the owner alone: vendors make none.
  const ownersOnly = ['criteria', 'criterion-versions'];
  const folders = [...named('other'), ...named('list')].flatMap(({ path }) => foldersOf(path));
  expect(folders).toEqual(expect.arrayContaining(['preferences', 'ratings', 'tasks']));
  expect(folders.filter((folder) => !(folder in owner))).toEqual([]);
  expect(folders.filter((folder) => !(folder in victim) && !ownersOnly.includes(folder))).toEqual([]);
});

/** Whose ids a path takes, and what a list lists. */
function foldersOf(path: string): string[] {
  const parts = path.split('/');
  if (!path.includes('{')) return parts.slice(-1);
  return parts.filter((_, i) => parts[i + 1]?.startsWith('{') && parts[i + 1] !== '{number}');
}

test('closed routes answer 403, whatever the ids', async () => {
  await changesNothing(async () => {
    const open: string[] = [];
    for (const operation of closed) {
      for (const ids of [tenants.owner, tenants.victim]) {
        const answer = await call(operation, fill(operation.path, () => ids));
        const refused = answer.status === 403 && ['scope_missing', 'not_for_vendors'].includes(answer.body.code);
        if (!refused) open.push(`${operation.operationId}: ${answer.status}`);
      }
    }
    expect(open, 'routes that vendors reach although they are closed to them').toEqual([]);
  });
});

test('what is somebody else\'s is not there: 404, as for what nobody has', async () => {
  await changesNothing(async () => {
    const wrong: string[] = [];
    for (const operation of named('other')) {
      const opening = openings[operation.operationId] as { body?: object };
      const { owner, victim, caller } = tenants;
      const whose = [() => owner, () => victim, (index: number) => (index === 0 ? caller : victim)];
      const depth = operation.path.split('{').length - 1;
      for (const of of depth > 1 ? whose : whose.slice(0, 2)) {
        const path = fill(operation.path, of);
        const answer = await call(operation, path, opening.body);
        const nobody = await call(operation, fill(operation.path, (index) => (depth > 1 && of(0) === caller && index === 0 ? caller : {})), opening.body);
        const same = shape(answer.body) === shape(nobody.body);
        if (answer.status !== 404 || nobody.status !== 404 || !same) {
          wrong.push(`${operation.operationId} ${path}: ${answer.status} ${answer.text}; of nobody: ${nobody.status} ${nobody.text}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

/** A problem apart from the ids in it. */
function shape(problem: object): string {
  return JSON.stringify(problem).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID');
}

test('lists hold the caller\'s own rows, also when they are asked for those of others', async () => {
  const { owner, victim } = tenants;
  // What the caller has rated is named in its rating.
  const rated = [owner.completions, owner['criterion-versions']];
  const foreign = [...Object.values(owner), ...Object.values(victim)].filter((id) => !rated.includes(id));
  for (const operation of named('list')) {
    const queries = operation.parameters.filter((p) => p.in === 'query' && p.schema.format === 'uuid').flatMap(({ name }) => foreign.map((id) => `?${name}=${id}`));
    for (const query of ['', '?limit=500', ...queries]) {
      const answer = await call(operation, `${operation.path}${query}`);
      expect([operation.operationId, answer.status]).toEqual([operation.operationId, 200]);
      for (const id of foreign) expect(JSON.stringify(answer.body.data)).not.toContain(id);
    }
  }
});

describe('bodies that name what is not the caller\'s', () => {
  test('are refused, and nothing is written', async () => {
    await changesNothing(async () => {
      for (const operation of named('refused')) {
        const { bodies } = openings[operation.operationId] as Extract<Opening, { kind: 'refused' }>;
        for (const body of bodies(tenants)) {
          const answer = await call(operation, operation.path, body);
          // A bulk answers 200 with a result per line.
          const refused = operation.path.endsWith('/bulk') ? answer.body.failed === 1 : answer.status >= 400 && answer.status < 500;
          expect([operation.operationId, refused, answer.text]).toEqual([operation.operationId, true, answer.text]);
        }
      }
    });
  });

  test('do not tell whether it is there', async () => {
    const { owner, caller } = tenants;
    const post = async (completionId: string) => (await request(t.http).post('/v1/ratings').set(key).send({ completionId, criterionVersionId: owner['criterion-versions'], labelerId: caller.labelers, score: 3 })).body;
    expect(shape(await post(owner.completions))).toBe(shape(await post(newId())));
  });
});

test('what was leased to a vendor it may rate and look up', async () => {
  const { owner } = tenants;
  const vendorId = await t.givenVendor();
  const own = await t.vendorKey(vendorId);
  const post = (path: string, as: { Authorization: string }, body: object) => request(t.http).post(path).set(as).send(body);
  const { body: labeler } = await post('/v1/labelers', own, { externalId: 'w' }).expect(201);
  const rating = { completionId: owner.completions, criterionVersionId: owner['criterion-versions'], labelerId: labeler.id, score: 4 };
  const version = () => request(t.http).get(`/v1/criterion-versions/${owner['criterion-versions']}`).set(own);
  await version().expect(404);
  await post('/v1/ratings', own, rating).expect(422);
  const batch = { name: 'theirs', mode: 'rate', criterionVersionId: rating.criterionVersionId, completionIds: [rating.completionId], vendorIds: [vendorId] };
  const { body: made } = await post('/v1/labeling-batches', t.admin, batch).expect(201);
  await version().expect(200);
  // Not before it was leased.
  expect((await post('/v1/ratings', own, rating).expect(422)).body.code).toBe('completion_not_found');
  await post(`/v1/labeling-batches/${made.id}/tasks/claim`, own, { labelerId: labeler.id }).expect(200);
  expect((await post('/v1/ratings', own, rating).expect(201)).body).toMatchObject({ vendorId, score: 4 });
  const line = JSON.stringify({ ...rating, externalId: 'bulk-1' });
  const bulk = await request(t.http).post('/v1/ratings/bulk').set(own).set('content-type', 'application/x-ndjson').send(line).expect(200);
  expect(bulk.body).toMatchObject({ created: 1, failed: 0 });
  // Such ratings answer no task, and are not late when it is over (docs/labeling.md).
  const counts = async () => (await request(t.http).get(`/v1/labeling-batches/${made.id}`).set(own).expect(200)).body;
  expect(await counts()).toMatchObject({ state: 'open', counts: { leased: 1, completed: 0 } });
  await post(`/v1/labeling-batches/${made.id}/close`, t.admin, {}).expect((r) => expect(r.status).toBeLessThan(300));
  await post('/v1/ratings', own, rating).expect(201);
});

test('a criterion version that no batch of the vendor is rated by is not there, published or draft, to ratings, rankings and comparisons', async () => {
  const vendorId = await t.givenVendor();
  const own = await t.vendorKey(vendorId);
  const post = (path: string, body: object, as = own) => request(t.http).post(`/v1${path}`).set(as).send(body);
  const { body: labeler } = await post('/labelers', { externalId: 'w' }).expect(201);
  const { completionIds } = await givenPrompt(t, 'two to judge', [{ text: 'one' }, { text: 'two' }]);
  const theirs = await givenCriterionVersion(t);
  const batch = { name: 'theirs', mode: 'rank', criterionVersionId: theirs, completionIds, vendorIds: [vendorId] };
  const { body: made } = await post('/labeling-batches', batch, t.admin).expect(201);
  await post(`/labeling-batches/${made.id}/tasks/claim`, { labelerId: labeler.id }).expect(200);
  const judge: Record<string, (criterionVersionId: string) => request.Test> = {
    rate: (criterionVersionId) => post('/ratings', { criterionVersionId, labelerId: labeler.id, completionId: completionIds[0], score: 3 }),
    rank: (criterionVersionId) => post('/rankings', { criterionVersionId, labelerId: labeler.id, ranking: completionIds.map((id) => [id]) }),
    compare: (criterionVersionId) => post('/preference-judgements', { criterionVersionId, labelerId: labeler.id, completionIds, preferredCompletionId: null }),
  };
  const foreign = [await givenCriterionVersion(t), await givenCriterionVersion(t, 5, false)];
  for (const [name, by] of Object.entries(judge)) {
    const nobodys = (await by(newId()).expect(422)).body;
    expect([name, nobodys.code]).toEqual([name, 'criterion_version_not_found']);
    for (const version of foreign) expect(shape((await by(version)).body)).toBe(shape(nobodys));
    await by(theirs).expect(201);
  }
});

describe('the session of one labeler', () => {
  /** Routes that sessions may use. Whatever is not here must answer 403. */
  const open = [
    'me_get', 'labelerSessions_getCurrent', 'tasks_claim', 'tasks_list', 'tasks_get', 'tasks_heartbeat', 'tasks_release', 'tasks_skip', 'tasks_submit', 'tasks_correct',
  ];
  let session: { Authorization: string };
  /** The tasks of another labeler of the same vendor: one that is leased, and one that is answered. */
  let colleagues: { leased: string; completed: string };
  let batchId: string;

  beforeAll(async () => {
    const post = (path: string, body: object, as = key) => request(t.http).post(`/v1${path}`).set(as).send(body);
    const { owner, caller } = tenants;
    const { body: colleague } = await post('/labelers', { externalId: 'colleague' }).expect(201);
    const completionIds = (await givenPrompt(t, 'shared work', [{ text: 'one' }, { text: 'two' }, { text: 'three' }])).completionIds;
    const batch = { name: 'of the caller', mode: 'rate', criterionVersionId: owner['criterion-versions'], completionIds, vendorIds: [caller.vendors] };
    batchId = (await post('/labeling-batches', batch, t.admin).expect(201)).body.id;
    const { tasks } = (await post(`/labeling-batches/${batchId}/tasks/claim`, { labelerId: colleague.id, k: 2 }).expect(200)).body;
    const answer = { scores: [{ completionId: tasks[0].completions[0].id, score: 3, rationale: marker }] };
    await post(`/tasks/${tasks[0].id}/submit`, answer).expect(200);
    colleagues = { completed: tasks[0].id, leased: tasks[1].id };
    const { body: made } = await post(`/labelers/${caller.labelers}/sessions`, {}).expect(201);
    session = { Authorization: `Bearer ${made.token}` };
  });

  test('reaches the routes of tasks and no other', async () => {
    expect(open.filter((id) => !operations.some(({ operationId }) => operationId === id))).toEqual([]);
    const others = operations.filter(({ operationId }) => !open.includes(operationId) && openings[operationId]?.kind !== 'public');
    expect(others.length).toBeGreaterThan(100);
    await changesNothing(async () => {
      const reached: string[] = [];
      for (const operation of others) {
        // Also what is its vendor's: the session is the labeler's, not the vendor's.
        for (const ids of [tenants.owner, tenants.victim, tenants.caller]) {
          const answer = await call(operation, fill(operation.path, () => ids), undefined, session);
          const refused = answer.status === 403 && ['scope_missing', 'not_for_vendors', 'not_for_labelers'].includes(answer.body.code);
          if (!refused) reached.push(`${operation.operationId}: ${answer.status}`);
        }
      }
      expect(reached).toEqual([]);
    });
  });

  test('finds no task of anybody else, its colleagues among them', async () => {
    const bodies: Record<string, object> = { tasks_skip: { reason: 'because' }, tasks_claim: {}, tasks_list: {} };
    const { owner, victim } = tenants;
    const foreign = [owner, victim, { tasks: colleagues.leased }, { tasks: colleagues.completed }];
    await changesNothing(async () => {
      const wrong: string[] = [];
      for (const operation of operations.filter(({ operationId, path }) => open.includes(operationId) && path.includes('{'))) {
        const ofBatch = operation.path.includes('labeling-batches');
        const nobody = await call(operation, fill(operation.path, () => ({})), bodies[operation.operationId], session);
        for (const ids of ofBatch ? foreign.slice(0, 2) : foreign) {
          const path = fill(operation.path, () => ids);
          const answer = await call(operation, path, bodies[operation.operationId], session);
          if (answer.status !== 404 || shape(answer.body) !== shape(nobody.body)) wrong.push(`${operation.operationId} ${path}: ${answer.status} ${answer.text}; of nobody: ${nobody.text}`);
        }
      }
      expect(wrong).toEqual([]);
    });
  });

  test('lists its own tasks of a batch that others work on too, whoever it asks for', async () => {
    const own = await request(t.http).post(`/v1/labeling-batches/${batchId}/tasks/claim`).set(session).send({ k: 100 }).expect(200);
    const ids = own.body.tasks.map(({ id }: { id: string }) => id);
    expect(ids).toHaveLength(1);
    for (const query of ['', `?labelerId=${tenants.victim.labelers}`, '?state=completed', '?state=leased']) {
      const { body } = await request(t.http).get(`/v1/labeling-batches/${batchId}/tasks${query}`).set(session).expect(200);
      expect(body.data.map(({ id }: { id: string }) => id)).toEqual(query === '?state=completed' ? [] : ids);
    }
    const current = await request(t.http).get('/v1/labeler-session').set(session).expect(200);
    answers.push(own.text, current.text);
    expect(current.body).toMatchObject({ labelerId: tenants.caller.labelers, batches: [{ id: batchId, completedByYou: 0 }] });
  });
});

test('an Idempotency-Key of somebody else gives nothing of theirs', async () => {
  const post = (as: { Authorization: string }) => request(t.http).post('/v1/labelers').set(as).set('Idempotency-Key', 'shared').send({ externalId: 'same name' });
  const theirs = await post(await t.vendorKey(tenants.victim.vendors)).expect(201);
  const mine = await post(key).expect(201);
  expect(mine.headers['idempotency-replayed']).toBeUndefined();
  expect(mine.body).toMatchObject({ vendorId: tenants.caller.vendors });
  expect(mine.body.id).not.toBe(theirs.body.id);
});

test('no answer of the whole walk held a word of somebody else', () => {
  expect(answers.length).toBeGreaterThan(200);
  expect(answers.filter((text) => text.includes(marker))).toEqual([]);
});
