// npm run faults -- templates: models whose templates, expressions, tokenizers and headers would end or hold the process that
// reads them are registered, planned with and asked for completions. No process may die, /healthz must answer all along,
// and each model must be refused, or fail its job, under a code of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Plumbline } from '#sdk/client.js';
import { getJson, postJson } from '../../bench/system/json-requests.js';
import { withSystem, type TemporarySystem } from '../../scripts/system/temporary-system.js';
import type { Drill, FaultReport } from './fault.js';
import { makeMaterial, tinyPolicy, type Material } from './resume/material.js';
import { hostileFiles, type Hostile } from './templates/hostile.js';

/** Of the slowest answer of the system at rest; the machine is busy with what is thrown at it. */
const timesAtRest = 50;
const leastBoundMs = 2_000;
const restMs = 3_000;
const patienceMs = 180_000;
const jobCodes = ['tokenizer_failed', 'chat_template_failed'];

interface Told {
  name: string;
  status: number;
  seconds: number;
  plans?: string[];
  job?: string;
}

/** Its parts are `memory`, `loops` (the slow ones), `expressions` and `sizes`. */
export function templates({ rounds, only, notes }: Drill): Promise<FaultReport> {
  return withSystem({ workers: 1 }, async (system) => {
    const material = await makeMaterial(system.client);
    const hostile = hostileFiles(tinyPolicy()).filter(({ part }) => !only || only.includes(part));
    const pids = [system.apiPid, ...system.workerPids];
    const health = new Health(system);
    const atRest = await health.during(() => sleep(restMs));
    const told: Told[] = [];
    const slowest = await health.during(async () => {
      for (let round = 0; round < rounds; round++) {
        for (const one of hostile) {
          const result = await attack(system, material, one, `${one.name} ${round}`);
          told.push(result);
          notes(`${result.name}: ${result.status} after ${result.seconds.toFixed(1)} s${result.plans ? `; plans ${result.plans.join(', ')}; job ${result.job}` : ''}`);
        }
      }
    });
    const dead = pids.filter((pid) => !isAlive(pid)).length;
    const bound = Math.max(leastBoundMs, timesAtRest * atRest.slowestMs);
    const unrefused = told.filter(({ status, plans, job }) => status !== 422 && !(plans?.every((code) => jobCodes.includes(code)) && jobCodes.includes(job!)));
    return {
      rounds,
      lost: dead + slowest.failed,
      doubled: 0,
      stuck: told.filter(({ job }) => job === 'stuck').length,
      hashesEqual: null,
      slow: [
        ...(slowest.slowestMs > bound ? [`/healthz took ${Math.round(slowest.slowestMs)} ms, at rest ${Math.round(atRest.slowestMs)} ms`] : []),
        ...unrefused.map(({ name, status, plans, job }) => `${name}: ${status}, plans ${plans?.join(', ') ?? 'none'}, job ${job ?? 'none'}`),
      ],
      deadProcesses: dead,
      healthzFailed: slowest.failed,
      healthzAsked: slowest.asked,
      healthzSlowestMs: slowest.slowestMs,
      healthzSlowestAtRestMs: atRest.slowestMs,
      models: told,
    };
  });
}

async function attack(system: TemporarySystem, { pairSetId, promptSetId }: Material, { files, status }: Hostile, name: string): Promise<Told> {
  const { client } = system;
  const started = performance.now();
  const uploaded: { name: string; artifactId: string }[] = [];
  for (const [file, bytes] of Object.entries({ ...tinyPolicy(), ...files }))
    uploaded.push({ name: file, artifactId: (await client.upload(bytes, { kind: 'model-file', fileName: file })).id });
  const policy = await postJson<{ id: string }>(client, '/v1/policies', { name });
  const answer = await post(system, `/v1/policies/${policy.id}/versions`, { files: uploaded });
  const told: Told = { name, status: answer.status, seconds: (performance.now() - started) / 1000 };
  if (status !== 201 || answer.status !== 201) return told;
  const policyVersionId = answer.body.id!;
  const plans = await Promise.all([
    post(system, '/v1/training-runs/plan', { method: 'dpo', policyVersionId, pairSetId, hyperparameters: {} }),
    post(system, '/v1/reward-models/plan', { pairSetId, basePolicyVersionId: policyVersionId }),
  ]);
  told.plans = plans.map(({ body, status: planned }) => body.code ?? String(planned));
  told.job = await failureOf(client, await postJson(client, '/v1/completion-batches', { policyVersionId, promptSetId, sampling: { n: 1, maxTokens: 4, temperature: 1 } }));
  return { ...told, seconds: (performance.now() - started) / 1000 };
}

/** The code under which the job failed, at its first attempt. */
async function failureOf(client: Plumbline, { jobId }: { jobId: string }): Promise<string> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const job = await getJson<{ state: string; terminal: boolean; attempt: number; error: { code: string } | null }>(client, `/v1/jobs/${jobId}`);
    if (job.terminal) return job.attempt > 1 ? `${job.attempt} attempts` : (job.error?.code ?? job.state);
    await sleep(200);
  }
  return 'stuck';
}

async function post({ url, authorization }: TemporarySystem, path: string, body: object): Promise<{ status: number; body: { id?: string; code?: string } }> {
  const response = await fetch(url + path, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as { id?: string; code?: string } };
}

class Health {
  constructor(private readonly system: TemporarySystem) {}

  /** Asks again and again while `work` goes on. */
  async during(work: () => Promise<unknown>): Promise<{ slowestMs: number; asked: number; failed: number }> {
    const counts = { slowestMs: 0, asked: 0, failed: 0 };
    const over = new AbortController();
    const asking = (async () => {
      while (!over.signal.aborted) {
        const started = performance.now();
        const isWell = await fetch(`${this.system.url}/healthz`, { signal: AbortSignal.timeout(60_000) }).then(({ ok }) => ok, () => false);
        counts.asked++;
        if (!isWell) counts.failed++;
        counts.slowestMs = Math.max(counts.slowestMs, performance.now() - started);
        await sleep(50);
      }
    })();
    try {
      await work();
    } finally {
      over.abort();
      await asking;
    }
    return counts;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
