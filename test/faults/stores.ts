// npm run faults -- stores: what happens to the artifact store. A worker comes with another one, the store goes away under a job,
// its disk is full. No job may fail of it, and none may lose an attempt.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPlumbline } from '#src/process/supervisor.js';
import type { Job } from '#sdk/client.js';
import { getJson, postJson } from '../../bench/system/json-requests.js';
import { withSystem, type TemporarySystem } from '../../scripts/system/temporary-system.js';
import type { Drill, FaultReport } from './fault.js';
import { makeMaterial, type Material } from './resume/material.js';

type Part = 'other' | 'away' | 'full';
const patienceMs = 120_000;
const storeMiB = 256;

export async function stores({ rounds, only, notes }: Drill): Promise<FaultReport> {
  const wanted = (part: Part): boolean => !only || only.includes(part);
  const artifactsDir = join(mkdtempSync(join(tmpdir(), 'plumbline-stores-')), 'artifacts');
  mkdirSync(artifactsDir);
  const mounted = wanted('full') && mount(artifactsDir);
  if (wanted('full') && !mounted) notes('full: SKIPPED, a small disk can be mounted by root on Linux only');
  try {
    return await withSystem({ workers: 1, env: { ARTIFACTS_DIR: artifactsDir, SAVE_EVERY_SECONDS: '0', JOB_LEASE_SECONDS: '5' } }, async (system) => {
      const material = await makeMaterial(system.client);
      const broken: string[] = [];
      const report = { refused: 0, away: 0, full: 0 };
      let stuck = 0;
      const through = async (what: string, work: () => Promise<void>): Promise<void> => {
        try {
          await work();
        } catch (error) {
          broken.push(`${what}: ${(error as Error).message}`);
          stuck += error instanceof StuckError ? 1 : 0;
        }
      };
      for (let round = 0; round < rounds; round++) {
        if (wanted('other')) await through('another store', async () => void (report.refused += await otherStore(system)));
        if (wanted('away')) await through('the store away', async () => void (report.away += await awayStore(system, material, artifactsDir, round)));
        if (mounted) await through('the disk full', async () => void (report.full += await fullStore(system, material, artifactsDir, round)));
        notes(`round ${round + 1} of ${rounds}: ${JSON.stringify(report)}${broken.map((line) => `; ${line}`).join('')}`);
      }
      return { rounds, lost: 0, doubled: 0, stuck, hashesEqual: null, broken, ...report, skipped: wanted('full') && !mounted ? ['full'] : [] };
    });
  } finally {
    if (mounted) execFileSync('umount', ['-l', artifactsDir]);
    rmSync(join(artifactsDir, '..'), { recursive: true, force: true });
  }
}

class StuckError extends Error {}

/** A worker whose folder is another one does not come up, and says why. */
async function otherStore({ env, logFile }: TemporarySystem): Promise<number> {
  const other = mkdtempSync(join(tmpdir(), 'plumbline-other-'));
  try {
    const worker = await startPlumbline({ api: false, workers: [[]], restart: false, env: { ...env, ARTIFACTS_DIR: other }, output: openSync(logFile, 'a') });
    await worker.stop();
  } catch (error) {
    if (String((error as Error).message).includes('is not the artifact store of this database')) return 1;
    throw error;
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
  throw new Error('a worker with another store came up');
}

/** The folder is empty, as one whose volume is not mounted, before a job needs it, and whole again while the job waits. */
async function awayStore({ client }: TemporarySystem, material: Material, dir: string, round: number): Promise<number> {
  const kept = ['store-id', 'sha256'];
  for (const name of kept) renameSync(join(dir, name), join(dir, `away-${name}`));
  let jobId: string;
  try {
    ({ jobId } = await startAnswers(client, material, round));
    await jobUntil(client, jobId, ({ state, error }) => state === 'queued' && codeOf(error) === 'artifact_store_unavailable');
  } finally {
    for (const name of kept) renameSync(join(dir, `away-${name}`), join(dir, name));
  }
  await succeeds(client, jobId);
  return 1;
}

/** The disk is filled up while a training saves, and has room again while it waits. */
async function fullStore({ client }: TemporarySystem, { policyVersionId, pairSetId }: Material, dir: string, round: number): Promise<number> {
  const filler = join(dir, 'filler');
  const { bavail, bsize } = statfsSync(dir);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  let jobId: string;
  try {
    const hyperparameters = { maxSteps: 4, batchSize: 12, seed: round };
    ({ jobId } = await postJson<{ jobId: string }>(client, '/v1/reward-models', { name: `full ${round}`, pairSetId, basePolicyVersionId: policyVersionId, hyperparameters }));
    await jobUntil(client, jobId, ({ state, error }) => state === 'queued' && codeOf(error) === 'artifact_store_full');
  } finally {
    rmSync(filler);
  }
  await succeeds(client, jobId);
  return 1;
}

const startAnswers = (client: TemporarySystem['client'], { policyVersionId, promptSetId }: Material, seed: number): Promise<{ jobId: string }> =>
  postJson(client, '/v1/completion-batches', { policyVersionId, promptSetId, sampling: { maxTokens: 4, seed } });

async function succeeds(client: TemporarySystem['client'], jobId: string): Promise<void> {
  const { state, attempt, error } = await jobUntil(client, jobId, ({ terminal }) => terminal);
  if (state !== 'succeeded' || attempt !== 1) throw new Error(`job ${jobId} ended ${state} at attempt ${attempt}: ${JSON.stringify(error)}`);
}

async function jobUntil(client: TemporarySystem['client'], jobId: string, wanted: (job: Job) => boolean): Promise<Job> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const job = await getJson<Job>(client, `/v1/jobs/${jobId}`);
    if (wanted(job)) return job;
    if (job.terminal) throw new Error(`job ${jobId} ended ${job.state}: ${JSON.stringify(job.error)}`);
    if (Date.now() > deadline) throw new StuckError(`job ${jobId} is still ${job.state}: ${JSON.stringify(job.error)}`);
    await sleep(100);
  }
}

const codeOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code;

function mount(dir: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${storeMiB}m`, 'tmpfs', dir], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
