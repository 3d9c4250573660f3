// Ours and TRL's reward model on the same pairs from the same checkpoint, over several seeds. A sample of the pairs: TRL reads
// a prompt and a completion again for each of their pairs.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Plumbline } from '#sdk/client.js';
import type { Notes } from '../area.js';
import { benchCase, type BenchCase } from '../report.js';
import { uploadPolicy } from '../system/policies.js';
import { percent, trainModel, type Evaluation, type Trial } from './models.js';
import { TrlReward, type TextPair, type TrlResult } from './trl-reward.js';

export interface ContestSettings {
  /** With trl. */
  python: string;
  seeds: number;
}

/** Cases of each seed, of their mean, and of that beside length. */
export async function contest(client: Plumbline, pairSetId: string, trial: Trial, { python, seeds }: ContestSettings, notes: Notes): Promise<BenchCase[]> {
  const settings = { ...trial.hyperparameters, warmupRatio: 0.1, centering: 0.01 };
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-trl-'));
  try {
    const options = { python, dir, threads: availableParallelism(), maxTokens: settings.maxTokens };
    const pairs = { train: await exported(client, pairSetId, 'train'), eval: await exported(client, pairSetId, 'eval') };
    const peer = await TrlReward.prepare(options, trial.files, pairs);
    const basePolicyVersionId = await uploadPolicy(client, `${trial.name}, contest`, trial.files);
    const ours: Evaluation[] = [];
    const theirs: TrlResult[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const { evaluation, seconds } = await trainModel(client, { name: `contest ${seed}`, pairSetId, basePolicyVersionId, hyperparameters: { ...settings, seed } });
      ours.push(evaluation);
      theirs.push(await peer.train(seed, settings));
      const [own, other] = [evaluation.accuracy.value, theirs[seed].accuracy].map((share) => percent(share).toFixed(1));
      notes(`seed ${seed}: ours ${own}% (${evaluation.steps} steps, ${seconds.toFixed(0)} s), TRL ${other}% (${theirs[seed].steps} steps, ${theirs[seed].seconds.toFixed(0)} s)`);
    }
    return casesOf(ours, theirs);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function casesOf(ours: readonly Evaluation[], theirs: readonly TrlResult[]): BenchCase[] {
  const [{ evalPairs, trainPairs, nulls }] = ours;
  const average = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length;
  const mean = average(ours.map(({ accuracy }) => percent(accuracy.value)));
  const peerMean = average(theirs.map(({ accuracy }) => percent(accuracy)));
  const each = ours.map(({ accuracy }, seed) => {
    const peer = { name: `RewardTrainer, TRL ${theirs[seed].version}`, value: percent(theirs[seed].accuracy) };
    return benchCase(`accuracy, ${trainPairs} pairs, ${evalPairs} unseen, seed ${seed}`, '%', percent(accuracy.value), peer);
  });
  return [
    ...each,
    benchCase(`same, mean of ${ours.length}`, '%', mean, { name: 'RewardTrainer', value: peerMean }),
    benchCase(`same, mean of ${ours.length}, beside length`, '%', mean, { name: 'the longest wins', value: percent(nulls.longest!) }),
  ];
}

async function exported(client: Plumbline, pairSetId: string, split: 'train' | 'eval'): Promise<TextPair[]> {
  const lines = await (await client.raw('GET', `/v1/pair-sets/${pairSetId}/export?split=${split}`)).text();
  return lines.trim().split('\n').map((line) => JSON.parse(line) as TextPair);
}
