// npm run bench -- alpacaeval: real ratings through the whole path (ingest, pairs, reward model), and how
// often the reward model is right about prompts it never saw, beside rules that read no text.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FileMap } from '#src/lm/checkpoint.js';
import type { AreaResult, Notes } from '../area.js';
import { benchCase, type BenchCase } from '../report.js';
import { withSystem, type TemporarySystem } from '../../system/temporary-system.js';
import { getJson, postJson } from '../system/json-requests.js';
import { starterFiles, untrainedFiles, uploadPolicy } from '../system/policies.js';

/** All pairs of a prompt that differ in score, counted by those who published the data. */
const publishedPairs = 18_736;
const seed = 20261123;
const ingestScript = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'ingest', 'main.js');

interface Evaluation {
  split: string;
  accuracy: { value: number; low: number; high: number };
  evalPairs: number;
  nulls: Record<'longest' | 'shortest' | 'first' | 'majority', number | null>;
  truncatedTexts: number;
  steps: number;
}

interface Trial {
  name: string;
  files: FileMap;
  hyperparameters: { learningRate: number; epochs: number; batchSize: number; maxTokens: number; seed: number };
}

export async function alpacaEval(notes: Notes): Promise<AreaResult> {
  const dir = resolve(process.env.ALPACAEVAL_DIR ?? join('..', 'shared', 'data', 'alpacaeval'));
  if (!existsSync(join(dir, 'ratings.jsonl'))) {
    notes(`SKIPPED: there is no ratings.jsonl in ${dir}; name the folder of the data by ALPACAEVAL_DIR`);
    return { cases: [], broken: [] };
  }
  const trials = await plannedTrials(dir);
  return withSystem({ workers: 1 }, async (system) => {
    const criterionVersionId = await ingest(system, dir, notes);
    const pairSet = await buildPairs(system, criterionVersionId);
    notes(`${pairSet.pairCount} pairs, ties dropped`);
    const cases = [benchCase('pairs, ties dropped', 'pairs', pairSet.pairCount, { name: 'as published', value: publishedPairs })];
    if (pairSet.pairCount !== publishedPairs) return { cases, broken: [`${pairSet.pairCount} pairs, ${publishedPairs} must come out`] };
    for (const trial of trials) cases.push(...(await train(system, pairSet.id, trial, notes)));
    return { cases, broken: [] };
  });
}

async function plannedTrials(dir: string): Promise<Trial[]> {
  const texts = ['prompts.jsonl', 'completions.jsonl'].flatMap((file) =>
    readFileSync(join(dir, file), 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { text: string }).text),
  );
  const untrained = untrainedFiles(texts, { merges: 3000, positions: 512, seed: 1 });
  const starter = await starterFiles();
  const shared = { batchSize: 32, seed };
  return [
    { name: 'random weights, own vocabulary', files: untrained, hyperparameters: { ...shared, learningRate: 1e-3, epochs: 1, maxTokens: 320 } },
    ...(starter ? [{ name: 'starter policy', files: starter, hyperparameters: { ...shared, learningRate: 5e-4, epochs: 1, maxTokens: 256 } }] : []),
  ];
}

async function ingest({ url, adminKey }: TemporarySystem, dir: string, notes: Notes): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [ingestScript, dir, '--url', url, '--key', adminKey, '--name', 'alpacaeval']);
  stdout.trim().split('\n').forEach((line) => notes(line.trim()));
  const id = /^criterion version (\S+)$/m.exec(stdout)?.[1];
  if (!id) throw new Error('ingest did not name its criterion version');
  return id;
}

async function buildPairs({ client }: TemporarySystem, criterionVersionId: string): Promise<{ id: string; pairCount: number }> {
  const body = { criterionVersionId, strategy: 'all', ties: 'drop', seed, evalFraction: 0.2 };
  const { id, jobId } = await postJson<{ id: string; jobId: string }>(client, '/v1/pair-sets', body);
  await client.waitForJob(jobId);
  return getJson(client, `/v1/pair-sets/${id}`);
}

async function train({ client }: TemporarySystem, pairSetId: string, trial: Trial, notes: Notes): Promise<BenchCase[]> {
  const { name, files, hyperparameters } = trial;
  notes(`reward model from ${name}: ${JSON.stringify(hyperparameters)}`);
  const basePolicyVersionId = await uploadPolicy(client, name, files);
  const started = performance.now();
  const body = { name, pairSetId, basePolicyVersionId, hyperparameters };
  const { id, jobId } = await postJson<{ id: string; jobId: string }>(client, '/v1/reward-models', body);
  let told = '';
  await client.waitForJob(jobId, {
    onProgress: ({ progress: { completed, total }, phase }) => {
      const line = total ? `  ${phase ?? ''} ${Math.floor((10 * completed) / total) * 10}%` : told;
      if (line !== told) notes(line);
      told = line;
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const { evaluation } = await getJson<{ evaluation: Evaluation }>(client, `/v1/reward-models/${id}`);
  const { accuracy, evalPairs, nulls, truncatedTexts, steps } = evaluation;
  const percent = (share: number) => 100 * share;
  const beside = (rule: 'longest' | 'shortest') => {
    const share = nulls[rule];
    const peer = share === null ? undefined : { name: `the ${rule} wins`, value: percent(share) };
    return benchCase(`accuracy beside ${rule}, ${name}, ${evalPairs} pairs`, '%', percent(accuracy.value), peer);
  };
  notes(`accuracy ${percent(accuracy.value).toFixed(1)}% (95%: ${percent(accuracy.low).toFixed(1)} to ${percent(accuracy.high).toFixed(1)}), ${truncatedTexts} texts cut`);
  return [
    beside('longest'),
    beside('shortest'),
    benchCase(`low end of its 95% interval, ${name}`, '%', percent(accuracy.low)),
    benchCase(`high end of its 95% interval, ${name}`, '%', percent(accuracy.high)),
    benchCase(`training, ${name}, ${steps} steps of up to ${hyperparameters.maxTokens} tokens`, 's', seconds),
  ];
}
