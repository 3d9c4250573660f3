// npm run bench -- alpacaeval: real ratings through the whole path (ingest, pairs, reward model), and how
// often the reward model is right about prompts it never saw, beside rules that read no text. With PYTHON, TRL's
// RewardTrainer learns from the same pairs and the same checkpoint, over ALPACAEVAL_SEEDS seeds (3).
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setting } from '#src/config/environment.js';
import { contest } from '../alpacaeval/contest.js';
import { percent, trainModel, type Evaluation, type Trial } from '../alpacaeval/models.js';
import type { AreaResult, Notes } from '../area.js';
import { benchCase, type BenchCase } from '../report.js';
import { withSystem, type TemporarySystem } from '../../scripts/system/temporary-system.js';
import { getJson, postJson } from '../system/json-requests.js';
import { starterFiles, untrainedFiles, uploadPolicy } from '../system/policies.js';

/** All pairs of a prompt that differ in score, counted by those who published the data. */
const publishedPairs = 18_736;
const seed = 20261123;
const ingestScript = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'scripts', 'ingest', 'main.js');

/** Of each prompt, in the contest with TRL. */
const contestPairs = 8;

export async function alpacaEval(notes: Notes): Promise<AreaResult> {
  const dir = resolve(setting('ALPACAEVAL_DIR') ?? join('..', 'shared', 'data', 'alpacaeval'));
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
    cases.push(...(await besideTrl(system, criterionVersionId, trials[0], notes)));
    return { cases, broken: [] };
  });
}

async function besideTrl(system: TemporarySystem, criterionVersionId: string, trial: Trial, notes: Notes): Promise<BenchCase[]> {
  const python = setting('PYTHON');
  if (!python) {
    notes('SKIPPED: no contest with TRL; name a Python with trl by PYTHON');
    return [];
  }
  const { id } = await buildPairs(system, criterionVersionId, { strategy: 'sample', pairsPerPrompt: contestPairs });
  return contest(system.client, id, trial, { python, seeds: Number(setting('ALPACAEVAL_SEEDS') ?? 3) }, notes);
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

async function buildPairs({ client }: TemporarySystem, criterionVersionId: string, sample: object = {}): Promise<{ id: string; pairCount: number }> {
  const body = { criterionVersionId, strategy: 'all', ties: 'drop', seed, evalFraction: 0.2, ...sample };
  const { id, jobId } = await postJson<{ id: string; jobId: string }>(client, '/v1/pair-sets', body);
  await client.waitForJob(jobId);
  return getJson(client, `/v1/pair-sets/${id}`);
}

async function train({ client }: TemporarySystem, pairSetId: string, trial: Trial, notes: Notes): Promise<BenchCase[]> {
  const { name, files, hyperparameters } = trial;
  notes(`reward model from ${name}: ${JSON.stringify(hyperparameters)}`);
  const basePolicyVersionId = await uploadPolicy(client, name, files);
  const training = { name, pairSetId, basePolicyVersionId, hyperparameters };
  const { evaluation, seconds } = await trainModel(client, training, notes);
  const { accuracy, evalPairs, nulls, truncatedTexts, steps } = evaluation;
  const beside = (rule: 'longest' | 'shortest') => {
    const share = nulls[rule];
    const peer = share === null ? undefined : { name: `the ${rule} wins`, value: percent(share) };
    return benchCase(`accuracy beside ${rule}, ${name}, ${evalPairs} pairs`, '%', percent(accuracy.value), peer);
  };
  notes(`accuracy ${percent(accuracy.value).toFixed(1)}% (95%: ${percent(accuracy.low).toFixed(1)} to ${percent(accuracy.high).toFixed(1)}), ${truncatedTexts} texts cut`);
  const debiased = await trainModel(client, {
    ...training,
    name: `${name}, without length`,
    hyperparameters: { ...hyperparameters, lengthDebias: 'product_of_experts' },
  });
  return [
    beside('longest'),
    beside('shortest'),
    benchCase(`low end of its 95% interval, ${name}`, '%', percent(accuracy.low)),
    benchCase(`high end of its 95% interval, ${name}`, '%', percent(accuracy.high)),
    benchCase(`training and evaluation, ${name}, ${steps} steps of up to ${hyperparameters.maxTokens} tokens`, 's', seconds),
    ...withoutLength(name, debiased.evaluation, evaluation),
  ];
}

/** What it costs and gives to take length out of the reward. */
function withoutLength(name: string, debiased: Evaluation, plain: Evaluation): BenchCase[] {
  const shorter = ({ slices }: Evaluation): number => slices.find(({ by, value }) => by === 'preferred' && value === 'shorter')!.accuracy.value;
  const beside = (value: number) => ({ name: 'length left in', value });
  return [
    benchCase(`correlation of reward and length, product of experts, ${name}`, '', debiased.lengthCorrelation, beside(plain.lengthCorrelation)),
    benchCase(`accuracy, product of experts, ${name}`, '%', percent(debiased.accuracy.value), beside(percent(plain.accuracy.value))),
    benchCase(`accuracy where the shorter one is preferred, product of experts, ${name}`, '%', percent(shorter(debiased)), beside(percent(shorter(plain)))),
  ];
}
