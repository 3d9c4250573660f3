// The whole loop through real processes: API and worker as `npm start` runs them, everything over the SDK. Small
// sizes, so nothing is claimed about quality here; that every figure and trace is there is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Plumbline, PlumblineError } from '#sdk/client.js';
import type { Running, startPlumbline } from '#src/process/supervisor.js';
import { runLoop } from '../../scripts/quickstart/loop.js';
import { openSession, type Session } from '../../scripts/quickstart/session.js';
import type { Settings } from '../../scripts/quickstart/settings.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const adminKey = 'plk_end_to_end_test_key_0123456789';
const settings: Settings = {
  practicePrompts: 20,
  evaluationPrompts: 4,
  heldOutPrompts: 6,
  completionsPerPrompt: 3,
  sampling: { temperature: 1, topP: 1, maxTokens: 24 },
  minimumMargin: 0.5,
  reward: { seed: 1, maxSteps: 3 },
  grpo: { seed: 1, steps: 2, promptsPerStep: 4, groupSize: 4, evaluationPrompts: 4, maxTokens: 24 },
  seed: 7,
};

let database: TestDatabase;
let dataDir: string;
let plumbline: Running;
let session: Session;
let client: Plumbline;

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = mkdtempSync(join(tmpdir(), 'plumbline-e2e-'));
  // Processes run compiled code; `npm test` builds before it tests.
  const compiled = new URL('../../dist/src/process/supervisor.js', import.meta.url).href;
  const built = (await import(compiled)) as { startPlumbline: typeof startPlumbline };
  plumbline = await built.startPlumbline({
    api: true,
    workers: [[]],
    output: 'ignore',
    env: { DATABASE_URL: database.url, PLUMBLINE_DATA_DIR: dataDir, PLUMBLINE_ADMIN_KEY: adminKey, PORT: '0', LOG_LEVEL: 'warn' },
  });
  session = await openSession(plumbline.url!, adminKey, 'e2e');
  client = session.owner;
});

afterAll(async () => {
  await plumbline?.stop();
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('prompts become a better policy, and every stage can be opened', async () => {
  const report = await runLoop(session, settings);
  expect(report.stages.map((stage) => stage.name)).toEqual([
    'prompts', 'policy', 'completions', 'ratings', 'pairs', 'reward model', 'training', 'comparison',
  ]);
  expect(report.stages.find((stage) => stage.name === 'completions')!.count).toBe(60);
  expect(report.stages.find((stage) => stage.name === 'ratings')!.count).toBe(180);
  expect(report.comparison.n).toBe(6);
  expect(report.comparison.low).toBeLessThanOrEqual(report.comparison.winRate);
  expect(report.comparison.high).toBeGreaterThanOrEqual(report.comparison.winRate);
  expect(report.comparison.worstTag!.winRate).toBe(Math.min(...report.comparison.byTag.map(({ winRate }) => winRate)));
  expect(report.training).toMatchObject({ steps: 2, plannedSteps: 2, stopped: null, verdict: { status: expect.any(String) } });
  for (const { url } of report.stages) await client.raw('GET', new URL(url).pathname + new URL(url).search);
}, 240_000);

test('the new policy leads back to its prompts and ratings, and these lead to it', async () => {
  const policies = await client.ok(client.http.GET('/v1/policies', {}));
  const versions = await client.ok(
    client.http.GET('/v1/policies/{id}/versions', { params: { path: { id: policies.data[0].id } } }),
  );
  const [uploaded, trained] = versions.data;
  expect(trained).toMatchObject({ number: 2, origin: 'trained', parentVersionId: uploaded.id });
  const types = async (id: string, direction: 'up' | 'down', type: Parameters<typeof trace>[0]) =>
    new Set((await trace(type, id, direction)).nodes.map((node) => node.type));
  expect(await types(trained.id, 'up', 'policy_version')).toEqual(
    new Set(['policy_version', 'training_run', 'reward_model', 'pair_set', 'criterion_version', 'completion_batch', 'prompt_set', 'model', 'artifact']),
  );
  expect(await types(uploaded.id, 'down', 'policy_version')).toEqual(
    new Set(['policy_version', 'completion_batch', 'pair_set', 'reward_model', 'training_run', 'model', 'artifact', 'comparison']),
  );
});

function trace(type: 'policy_version', id: string, direction: 'up' | 'down') {
  return client.ok(client.http.GET('/v1/lineage', { params: { query: { type, id, direction } } }));
}

test('weights can be downloaded, whole and in ranges, and are what their sha256 says', async () => {
  const policies = await client.ok(client.http.GET('/v1/policies', {}));
  const versions = await client.ok(
    client.http.GET('/v1/policies/{id}/versions', { params: { path: { id: policies.data[0].id } } }),
  );
  const model = await client.ok(client.http.GET('/v1/models/{id}', { params: { path: { id: versions.data[1].modelId! } } }));
  const weights = model.files.find((file) => file.name === 'model.safetensors')!;
  const path = `/v1/artifacts/${weights.artifactId}/content`;
  const whole = Buffer.from(await (await client.raw('GET', path)).arrayBuffer());
  expect(createHash('sha256').update(whole).digest('hex')).toBe(weights.sha256);
  const part = await fetch(plumbline.url + path, { headers: { Authorization: `Bearer ${adminKey}`, Range: 'bytes=8-15' } });
  expect(part.status).toBe(206);
  expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(8, 16));
});

test('ingest would meet the same errors: a problem becomes an exception with its code', async () => {
  const call = client.ok(client.http.GET('/v1/jobs/{id}', { params: { path: { id: '01900000-0000-7000-8000-000000000000' } } }));
  await expect(call).rejects.toSatisfy((error: PlumblineError) => error.problem.code === 'job_not_found');
});
