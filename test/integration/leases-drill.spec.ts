// The drill `leases`: a short one, with real processes and a real kill; and what it counts afterwards, on rows made by hand,
// where the truth is known.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newId } from '#src/common/id.js';
import type { TaskState } from '#src/labeling/task-state.js';
import type { FaultReport } from '../faults/fault.js';
import { inspect } from '../faults/leases/inspect.js';
import { connect } from '../factories/ratings.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let sql: Client;
let batchId: string;
/** Two items of two slots each. */
let items: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = await connect(database.url);
  // Rows that the constraints would refuse are what the drill looks for; what they refer to does not matter here.
  await sql.query(`SET session_replication_role = replica; DROP INDEX labeling_tasks_slot, labeling_tasks_once`);
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});
beforeEach(async () => {
  batchId = newId();
  items = [newId(), newId()];
  await sql.query(
    `INSERT INTO labeling_batches (id, name, purpose, mode, criterion_version_id, selection, overlap, seed, state, item_count)
     VALUES ($1, 'drill', 'production', 'rate', $1, '{}', 2, 0, 'open', 2)`,
    [batchId],
  );
  for (const [ordinal, id] of items.entries()) {
    await sql.query(
      `INSERT INTO labeling_items (id, batch_id, ordinal, kind, prompt_id, completion_ids) VALUES ($1, $2, $3, 'work', $1, '{}')`,
      [id, batchId, ordinal],
    );
  }
});

interface GivenTask {
  item: number;
  slot: number;
  state?: TaskState;
  labelerId?: string;
  /** How many ratings answer it. */
  ratings?: number;
  /** Seconds of the test's clock. */
  lease?: [from: number, to: number];
}

async function givenTask({ item, slot, state = 'completed', labelerId = newId(), ratings = 1, lease = [0, 1] }: GivenTask): Promise<string> {
  const id = newId();
  await sql.query(
    `INSERT INTO labeling_tasks (id, batch_id, item_id, slot, state, sort_key, completion_order, labeler_id, leased_at, lease_expires_at, finished_at)
     VALUES ($1, $2, $3, $4, $5, 0, '{}', $6, to_timestamp($7), to_timestamp($8),
             CASE WHEN $5 IN ('available', 'leased') THEN NULL ELSE to_timestamp($8) END)`,
    [id, batchId, items[item], slot, state, labelerId, ...lease],
  );
  for (let i = 0; i < (state === 'completed' ? ratings : 0); i++) {
    await sql.query(
      `INSERT INTO ratings (id, completion_id, criterion_version_id, labeler_id, score, labeling_task_id) VALUES ($1, $1, $1, $2, 3, $3)`,
      [newId(), labelerId, id],
    );
  }
  return id;
}

/** Every slot with its result, but those given here. */
async function givenAllBut(...missing: [item: number, slot: number][]): Promise<string[]> {
  const ids: string[] = [];
  for (const item of [0, 1]) {
    for (const slot of [1, 2]) {
      if (!missing.some(([i, s]) => i === item && s === slot)) ids.push(await givenTask({ item, slot }));
    }
  }
  return ids;
}

const found = (accepted: string[], claimed = accepted) => inspect(sql, batchId, { accepted, claimed });
const sound = { lost: 0, doubled: 0, stuck: 0, doubleLeases: 0, doubleResults: 0, leasesExpired: 0 };

test('every slot filled once: nothing to tell', async () => {
  expect(await found(await givenAllBut())).toEqual(sound);
});

test('a slot that nobody holds any more is lost, although the other slot of its item has a result', async () => {
  expect(await found(await givenAllBut([0, 2]))).toEqual({ ...sound, lost: 1 });
});

test('a lease that ran out and was not followed by a new task loses its slot', async () => {
  const accepted = await givenAllBut([1, 1]);
  await givenTask({ item: 1, slot: 1, state: 'expired' });
  expect(await found(accepted)).toEqual({ ...sound, lost: 1, leasesExpired: 1 });
});

test('open tasks are stuck and not lost, and do not hide a slot that is', async () => {
  const accepted = await givenAllBut([0, 1], [0, 2], [1, 1]);
  await givenTask({ item: 0, slot: 1, state: 'available' });
  await givenTask({ item: 0, slot: 2, state: 'leased' });
  expect(await found(accepted)).toEqual({ ...sound, lost: 1, stuck: 2 });
});

test('a completed task without a rating loses its slot, and its answer where one was accepted', async () => {
  const others = await givenAllBut([1, 2]);
  const empty = await givenTask({ item: 1, slot: 2, ratings: 0 });
  expect(await found(others)).toEqual({ ...sound, lost: 1 });
  expect(await found([...others, empty])).toEqual({ ...sound, lost: 2 });
});

test('results that are there twice', async () => {
  const labelerId = newId();
  const accepted = await givenAllBut([0, 1], [1, 1], [1, 2]);
  accepted.push(await givenTask({ item: 0, slot: 1, ratings: 2 }));
  for (const slot of [1, 2]) accepted.push(await givenTask({ item: 1, slot, labelerId }));
  expect(await found(accepted)).toEqual({ ...sound, doubled: 2, doubleResults: 2 });
  accepted.push(await givenTask({ item: 0, slot: 2, lease: [5, 6] }));
  expect(await found(accepted)).toEqual({ ...sound, doubled: 3, doubleResults: 3 });
});

test('leases of one slot that overlap, and a task that two clients were given', async () => {
  const accepted = await givenAllBut([0, 1]);
  await givenTask({ item: 0, slot: 1, state: 'expired', lease: [0, 10] });
  accepted.push(await givenTask({ item: 0, slot: 1, lease: [9, 12] }));
  expect(await found(accepted)).toEqual({ ...sound, doubled: 1, doubleLeases: 1, leasesExpired: 1 });
  expect(await found(accepted, [...accepted, accepted[0]])).toMatchObject({ doubled: 2, doubleLeases: 2 });
});

test('a drill of 200 tasks ends with every slot filled once, although a process of labelers was killed', { timeout: 240_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-drill-'));
  const file = join(dir, 'report.json');
  // Compiled: `npm test` builds before it tests.
  const args = ['dist/test/faults/main.js', 'leases', '--rounds', '1', '--tasks', '200', '--report', file];
  const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const report = JSON.parse(readFileSync(file, 'utf8')) as FaultReport;
  rmSync(dir, { recursive: true });
  expect(report).toMatchObject({ rounds: 1, lost: 0, doubled: 0, stuck: 0, tasks: 200, kills: 1, batchState: 'completed', unexpected: [] });
  // What the killed process held came back, and was answered by others. How long claims took is for a quiet machine to say.
  expect(report.leasesExpired).toBeGreaterThan(0);
  // Without those that the killed process did not live to tell of.
  expect(report.submits).toBeGreaterThan(150);
  expect(stderr).toMatch(/^(plumbline: leases: claims took [^\n]+\n)?$/);
});
