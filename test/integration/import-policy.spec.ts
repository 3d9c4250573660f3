import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Plumbline } from '#sdk/client.js';
import { writeCheckpointDir } from '#src/lm/files/checkpoint.js';
import { loadCheckpoint } from '#src/lm/files/load-checkpoint.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { importPolicy } from '../../scripts/import-policy/upload.js';
import { createTestApp, type TestApp } from '../support/app.js';
import { tinyCheckpoint } from '../support/tiny-policy.js';

describe('importing a policy', () => {
  let t: TestApp;
  let client: Plumbline;
  let folder: string;
  beforeAll(async () => {
    t = await createTestApp();
    client = new Plumbline({ baseUrl: await t.app.getUrl(), apiKey: t.adminKey });
    folder = await mkdtemp(join(tmpdir(), 'import-'));
  });
  afterAll(async () => {
    await t.close();
    await rm(folder, { recursive: true });
  });

  it('makes a version that workers load as the same model, and the next one of the same policy', async () => {
    const checkpoint = tinyCheckpoint(1);
    await writeCheckpointDir(folder, checkpoint, 'F32', { maxShardBytes: 10_000 });
    const loaded = await loadCheckpoint(folder);
    const first = await importPolicy(client, loaded, { name: 'imported', description: 'from a folder' });
    expect(first).toMatchObject({ number: 1, origin: 'uploaded' });
    expect(await t.get(PolicyVersionsService).loadCheckpoint(first.id)).toEqual(checkpoint);
    const second = await importPolicy(client, tinyCheckpoint(2), { name: 'imported' });
    expect(second).toMatchObject({ number: 2, policyId: first.policyId });
  });
});
