// npm run bench -- api: how fast GET /v1/jobs/{id} answers while the worker trains a reward model on all cores.
import { Client } from 'pg';
import type { AreaResult, Notes } from '../area.js';
import { benchCase } from '../report.js';
import { quantile } from '../statistics.js';
import { withSystem, type TemporarySystem } from '../../scripts/system/temporary-system.js';
import { getJson, postJson } from '../system/json-requests.js';
import { KeepAliveClient, openLoop } from '../system/keep-alive.js';
import { starterFiles, untrainedFiles, uploadPolicy } from '../system/policies.js';
import { makeMaterial, ndjson, postRatings, ratingLines } from '../system/rated-completions.js';

const size = { prompts: 200, perPrompt: 4, labelers: 2, words: 60 };
const load = { perSecond: 100, seconds: 20, connections: 32 };

interface JobView {
  state: string;
  terminal: boolean;
  progress: { completed: number };
}

export function api(notes: Notes): Promise<AreaResult> {
  return withSystem({ workers: 1 }, async (system) => {
    const { client } = system;
    const trained = await startTraining(system);
    notes(`${load.perSecond} requests/s for ${load.seconds} s with an idle worker`);
    const idle = await latencies(system, trained.pairJobId);
    const jobId = await trained.begin();
    await waitUntilItTrains(system, jobId);
    notes('the same while a reward model trains');
    const busy = await latencies(system, jobId);
    const job = await getJson<JobView>(client, `/v1/jobs/${jobId}`);
    await postJson(client, `/v1/jobs/${jobId}/cancel`, {});
    const row = (q: number, name: string) =>
      benchCase(`GET /v1/jobs/{id} while training, ${name}`, 'ms', quantile(busy, q), { name: 'same, idle worker', value: quantile(idle, q) });
    return {
      cases: [row(0.5, 'p50'), row(0.99, 'p99')],
      broken: job.state === 'running' ? [] : [`the training job was ${job.state} before the measurement was over`],
    };
  });
}

/** Everything up to the training job; `begin` posts it. */
async function startTraining({ client, databaseUrl }: TemporarySystem) {
  const database = new Client({ connectionString: databaseUrl });
  await database.connect();
  const material = await makeMaterial(database, client, size).finally(() => database.end());
  const lines = ratingLines(material, 'bench');
  await postRatings(client, ndjson(lines), lines.length);
  const pairSet = await postJson<{ id: string; jobId: string }>(client, '/v1/pair-sets', { criterionVersionId: material.criterionVersionId });
  await client.waitForJob(pairSet.jobId);
  const files = (await starterFiles()) ?? untrainedFiles(['a small text'], { merges: 1, positions: 256, seed: 1 });
  const basePolicyVersionId = await uploadPolicy(client, 'benchmark', files);
  const begin = async () => {
    // Far more steps than the measurement lasts; it is cancelled afterwards.
    const hyperparameters = { epochs: 1000, maxTokens: 128 };
    const body = { name: 'benchmark', pairSetId: pairSet.id, basePolicyVersionId, hyperparameters };
    return (await postJson<{ jobId: string }>(client, '/v1/reward-models', body)).jobId;
  };
  return { pairJobId: pairSet.jobId, begin };
}

async function waitUntilItTrains({ client }: TemporarySystem, jobId: string): Promise<void> {
  for (;;) {
    const job = await getJson<JobView>(client, `/v1/jobs/${jobId}`);
    if (job.terminal) throw new Error(`the training job was ${job.state} before it trained: ${JSON.stringify(job)}`);
    if (job.state === 'running' && job.progress.completed >= 2) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function latencies(system: TemporarySystem, jobId: string): Promise<number[]> {
  const client = new KeepAliveClient(system, load.connections);
  const get = async () => {
    const { status, text } = await client.send('GET', `/v1/jobs/${jobId}`);
    if (status !== 200) throw new Error(`GET of the job was answered with ${status}: ${text.slice(0, 300)}`);
  };
  await openLoop(load.perSecond, 2, get);
  const measured = await openLoop(load.perSecond, load.seconds, get);
  client.close();
  return measured;
}
