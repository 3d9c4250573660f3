// Saves of a training on a real store and database: what is loaded is what was saved, or the save before, never wrong.
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RunProgressStore } from '#src/artifacts/run-progress.store.js';
import { newId } from '#src/common/id.js';
import type { TrainingProgress } from '#src/lm/files/training-progress.js';
import { f32, floats, i64 } from '#src/nn/tensor.js';
import { withSql } from '../factories/ratings.js';
import { createTestApp, type TestApp } from '../support/app.js';

let t: TestApp;
let store: RunProgressStore;
beforeAll(async () => {
  t = await createTestApp();
  store = t.get(RunProgressStore);
});
afterAll(() => t.close());

const progressAt = (step: number): TrainingProgress => ({
  step,
  before: { loss: 1 / 3 },
  metrics: Array.from({ length: step }, (_, i) => ({ loss: Math.exp(-i) })),
  state: { 'param.w': f32([step, 0.1], [2]), 'm.w': f32([0, 1e-38], [2]), 'v.w': f32([1, 2], [2]), step: i64([step], []) },
});

const rowsOf = (id: string): Promise<{ step: number; sha256: string }[]> =>
  withSql(t, async (client) => (await client.query('SELECT step, sha256 FROM run_saves WHERE owner_id = $1 ORDER BY step', [id])).rows as { step: number; sha256: string }[]);
const fileOf = (sha256: string): string => join(t.config.artifactsDir, 'sha256', sha256.slice(0, 2), sha256.slice(2));
const loadedStep = async (id: string): Promise<number | undefined> => (await store.load<TrainingProgress>(id))?.step;

test('the last save comes back to the bit; older ones go, with their files', async () => {
  const id = newId();
  await store.save(id, progressAt(1));
  const [first] = await rowsOf(id);
  for (const step of [2, 3]) await store.save(id, progressAt(step));
  expect((await rowsOf(id)).map(({ step }) => step)).toEqual([2, 3]);
  expect(existsSync(fileOf(first.sha256))).toBe(false);
  const loaded = await store.load<TrainingProgress>(id);
  expect(loaded).toMatchObject({ step: 3, before: { loss: 1 / 3 }, metrics: progressAt(3).metrics });
  for (const [name, tensor] of Object.entries(progressAt(3).state)) expect(loaded!.state[name]).toEqual(tensor);
  const left = await rowsOf(id);
  await store.remove(id);
  expect(await store.load(id)).toBeUndefined();
  expect(left.map(({ sha256 }) => existsSync(fileOf(sha256)))).toEqual([false, false]);
});

test('a step saved again keeps its file', async () => {
  const id = newId();
  for (const step of [1, 2, 2]) await store.save(id, progressAt(step));
  expect(await loadedStep(id)).toBe(2);
});

test('two trainings with the same bits have files of their own', async () => {
  const [a, b] = [newId(), newId()];
  for (const id of [a, b]) await store.save(id, progressAt(1));
  await store.remove(a);
  expect(await loadedStep(b)).toBe(1);
});

test.each<[string, (path: string) => void]>([
  ['torn', (path) => truncateSync(path, 100)],
  ['empty', (path) => truncateSync(path, 0)],
  ['of the right length with one other bit', (path) => {
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(path, bytes);
  }],
])('a save whose file is %s gives way to the one before it, and then to the start', async (_name, damage) => {
  const id = newId();
  for (const step of [1, 2]) await store.save(id, progressAt(step));
  const [older, newer] = await rowsOf(id);
  damage(fileOf(newer.sha256));
  const loaded = await store.load<TrainingProgress>(id);
  expect(loaded?.step).toBe(1);
  expect([...floats(loaded!.state['param.w'])]).toEqual([1, Math.fround(0.1)]);
  damage(fileOf(older.sha256));
  expect(await loadedStep(id)).toBeUndefined();
});

test('a damaged file is written anew when its step is done again', async () => {
  const id = newId();
  await store.save(id, progressAt(1));
  truncateSync(fileOf((await rowsOf(id))[0].sha256), 10);
  expect(await loadedStep(id)).toBeUndefined();
  await store.save(id, progressAt(1));
  expect(await loadedStep(id)).toBe(1);
});
