// Leases against a model: whatever labelers do in whatever order, each slot of each item is held by exactly one task,
// nobody gets an item twice, and a claim gives all that it may and nothing else.
import fc from 'fast-check';
import request from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from 'pg';
import { LeasesService } from '#src/labeling/leases.service.js';
import { connect, givenCriterionVersion, givenLabeler, givenPrompt } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

const [items, overlap, people] = [3, 2, 3];

interface Lease {
  id: string;
  item: string;
  labeler: number;
}

/** What must be true, kept the plain way. */
interface Model {
  batchId: string;
  leases: Lease[];
  /** Lease ids that are over, by what an answer to them is refused with. */
  over: { id: string; code: string }[];
  completed: { item: string; labeler: number }[];
  /** `item/labeler` of those who passed. */
  skipped: Set<string>;
}

let t: TestApp;
let sql: Client;
let version: string;
let labelers: string[];
let completions: string[];

beforeAll(async () => {
  t = await createTestApp();
  // The sweep of its own accord may hold a lease that is over while the model looks.
  await t.get(LeasesService).onModuleDestroy();
  sql = await connect(t.database.url);
  version = await givenCriterionVersion(t);
  labelers = [];
  for (let i = 0; i < people; i++) labelers.push(await givenLabeler(t, `labeler-${i}`));
  completions = (await givenPrompt(t, 'prompt', Array.from({ length: items }, (_, i) => ({ text: `text ${i}` })))).completionIds;
});
afterAll(async () => {
  await sql.end();
  await t.close();
});

const post = (path: string, body: object = {}) => request(t.http).post(`/v1${path}`).set(t.admin).send(body);

/** Items that a claim of this labeler may give. */
function claimable(model: Model, labeler: number): number {
  return completions.filter((item) => {
    const held = model.leases.filter((lease) => lease.item === item);
    const done = model.completed.filter((result) => result.item === item);
    const free = overlap - held.length - done.length;
    return free > 0 && ![...held, ...done].some((taken) => taken.labeler === labeler) && !model.skipped.has(`${item}/${labeler}`);
  }).length;
}

const open = (model: Model) => model.completed.length < items * overlap;

class Claim implements fc.AsyncCommand<Model, null> {
  constructor(readonly labeler: number, readonly k: number) {}
  check = open;
  async run(model: Model): Promise<void> {
    const { body } = await post(`/labeling-batches/${model.batchId}/tasks/claim`, { labelerId: labelers[this.labeler], k: this.k }).expect(200);
    expect(body.tasks).toHaveLength(Math.min(this.k, claimable(model, this.labeler)));
    for (const task of body.tasks) model.leases.push({ id: task.id, item: task.completions[0].id, labeler: this.labeler });
    await invariants(model);
  }
  toString = () => `claim(${this.labeler}, ${this.k})`;
}

type Act = 'submit' | 'release' | 'skip' | 'heartbeat' | 'expire';

/** Something happens to one of the leases. */
class OnLease implements fc.AsyncCommand<Model, null> {
  constructor(readonly act: Act, readonly pick: number) {}
  check = (model: Readonly<Model>) => open(model) && model.leases.length > 0;
  async run(model: Model): Promise<void> {
    const lease = model.leases[this.pick % model.leases.length];
    const { id, item, labeler } = lease;
    if (this.act !== 'heartbeat') model.leases.splice(model.leases.indexOf(lease), 1);
    switch (this.act) {
      case 'heartbeat':
        await post(`/tasks/${id}/heartbeat`).expect(200);
        break;
      case 'submit':
        await post(`/tasks/${id}/submit`, { scores: [{ completionId: item, score: 3 }] }).expect(200);
        model.completed.push({ item, labeler });
        model.over.push({ id, code: 'task_already_completed' });
        break;
      case 'release':
        await post(`/tasks/${id}/release`).expect(200);
        model.over.push({ id, code: 'task_not_leased_by_you' });
        break;
      case 'skip':
        await post(`/tasks/${id}/skip`, { reason: 'unclear' }).expect(200);
        model.skipped.add(`${item}/${labeler}`);
        model.over.push({ id, code: 'task_not_leased_by_you' });
        break;
      case 'expire':
        await sql.query(`UPDATE labeling_tasks SET lease_expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
        if (this.pick % 2 === 0) await t.get(LeasesService).sweep();
        // Without a sweep, slots come back when a claim finds too little: the model sees them as free either way.
        else await t.get(LeasesService).expire(model.batchId);
        model.over.push({ id, code: 'task_lease_expired' });
        break;
    }
    await invariants(model);
  }
  toString = () => `${this.act}(${this.pick})`;
}

class AnswerLate implements fc.AsyncCommand<Model, null> {
  constructor(readonly pick: number) {}
  check = (model: Readonly<Model>) => model.over.length > 0;
  async run(model: Model): Promise<void> {
    const { id, code } = model.over[this.pick % model.over.length];
    const { body } = await post(`/tasks/${id}/submit`, { scores: [{ completionId: completions[0], score: 1 }] }).expect(409);
    expect(body.code).toBe(code);
    await invariants(model);
  }
  toString = () => `late(${this.pick})`;
}

async function invariants(model: Model): Promise<void> {
  const { rows: slots } = await sql.query<{ item: string; slots: number; completed: number }>(
    `SELECT i.completion_ids[1] AS item, count(DISTINCT t.slot)::int AS slots, count(*)::int AS holders,
            count(*) FILTER (WHERE t.state = 'completed')::int AS completed
     FROM labeling_items i JOIN labeling_tasks t ON t.item_id = i.id AND t.state IN ('available', 'leased', 'completed')
     WHERE i.batch_id = $1 GROUP BY 1`,
    [model.batchId],
  );
  expect(slots).toHaveLength(items);
  for (const { item, ...counts } of slots) {
    const completed = model.completed.filter((result) => result.item === item).length;
    expect(counts).toEqual({ slots: overlap, holders: overlap, completed });
  }
  const { rows: leased } = await sql.query<{ id: string }>(`SELECT id FROM labeling_tasks WHERE batch_id = $1 AND state = 'leased'`, [model.batchId]);
  expect(leased.map(({ id }) => id).sort()).toEqual(model.leases.map(({ id }) => id).sort());
  const { rows: [batch] } = await sql.query<{ state: string; ratings: number }>(
    `SELECT b.state, (SELECT count(*)::int FROM ratings r JOIN labeling_tasks t ON t.id = r.labeling_task_id WHERE t.batch_id = b.id) AS ratings
     FROM labeling_batches b WHERE b.id = $1`,
    [model.batchId],
  );
  expect(batch).toEqual({ state: open(model) ? 'open' : 'completed', ratings: model.completed.length });
}

test('leases follow the model', { timeout: 120_000 }, async () => {
  let completed = 0;
  const labeler = fc.nat(people - 1);
  const act = fc.constantFrom<Act>('submit', 'submit', 'submit', 'release', 'skip', 'heartbeat', 'expire');
  const commands = [
    fc.tuple(labeler, fc.integer({ min: 1, max: 4 })).map(([who, k]) => new Claim(who, k)),
    fc.tuple(act, fc.nat(11)).map(([what, pick]) => new OnLease(what, pick)),
    fc.tuple(act, fc.nat(11)).map(([what, pick]) => new OnLease(what, pick)),
    fc.nat(11).map((pick) => new AnswerLate(pick)),
  ];
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: 'max' }), async (given) => {
      const body = { name: 'model', mode: 'rate', criterionVersionId: version, completionIds: completions, overlap };
      const { body: batch } = await post('/labeling-batches', body).expect(201);
      const model: Model = { batchId: batch.id, leases: [], over: [], completed: [], skipped: new Set() };
      await fc.asyncModelRun(() => ({ model, real: null }), given);
      completed += model.completed.length;
    }),
    { numRuns: 12 },
  );
  expect(completed).toBeGreaterThan(12);
});

test('labelers that claim and answer all at once get each item once, and every slot is filled', { timeout: 60_000 }, async () => {
  const many = (await givenPrompt(t, 'many', Array.from({ length: 20 }, (_, i) => ({ text: `many ${i}` })))).completionIds;
  const body = { name: 'race', mode: 'rate', criterionVersionId: version, completionIds: many, overlap: people };
  const { body: batch } = await post('/labeling-batches', body).expect(201);
  const seen = new Set<string>();
  const work = async (labelerId: string) => {
    for (;;) {
      const claimed = await post(`/labeling-batches/${batch.id}/tasks/claim`, { labelerId, k: 3 });
      if (claimed.status === 409 || claimed.body.tasks.length === 0) return;
      for (const task of claimed.body.tasks) {
        const key = `${task.completions[0].id}/${labelerId}`;
        expect(seen.has(key)).toBe(false);
        seen.add(key);
        await post(`/tasks/${task.id}/submit`, { scores: [{ completionId: task.completions[0].id, score: 3 }] }).expect(200);
      }
    }
  };
  // Three windows of each labeler, all at work at the same time.
  await Promise.all([...labelers, ...labelers, ...labelers].map(work));
  expect(seen.size).toBe(many.length * people);
  await t.get(LeasesService).sweep();
  const { rows } = await sql.query(`SELECT state FROM labeling_batches WHERE id = $1`, [batch.id]);
  expect(rows).toEqual([{ state: 'completed' }]);
});
