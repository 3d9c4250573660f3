// npm run bench -- llm: reward and supervised steps, generation and a whole GRPO iteration of a 135M model, against
// transformers, peft and TRL.
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { AreaResult, Notes } from '../area.js';
import { pythonWith } from '../../scripts/system/python.js';
import { LlmRival } from '../llm/rival.js';
import { gemmPeak } from '../engine/gemm-peak.js';
import { profileCases } from '../engine/profile-cases.js';
import { grpoSeconds, profiledSupervisedStep, works } from '../llm/ours.js';
import { config, sizes, writeModels } from '../llm/setting.js';
import { benchCase, type BenchCase } from '../report.js';
import { median } from '../statistics.js';
import { parameterCount } from '../engine/shapes.js';

const rounds = 5;
/** Times the peers' speed. */
const [trainingGoal, grpoGoal] = [1.5, 3];
const grpoSteps = 4;
/** Bytes at hand for profiled steps. */
const profileMemory = 12 * 1024 ** 3;

/** Tokens that a step takes in, prompts counted for each text: what a trainer without sharing computes. */
const textTokens = 2 * sizes.pairs * (sizes.prompt + sizes.completion);

const kinds = [
  { work: 'reward-lora', name: 'reward step, LoRA 16', tokens: textTokens, goal: trainingGoal },
  { work: 'reward-full', name: 'reward step, all weights', tokens: textTokens, goal: trainingGoal },
  { work: 'sft', name: 'supervised step, all weights', tokens: textTokens, goal: trainingGoal },
  { work: 'generate', name: `${sizes.group} rollouts of ${sizes.new} tokens`, tokens: sizes.group * sizes.new, goal: undefined },
] as const;

export async function llm(notes: Notes): Promise<AreaResult> {
  const threads = availableParallelism();
  const python = pythonWith('torch');
  if (!python) notes('no Python with torch here (PYTHON or python3): measured without a peer');
  notes(`${(parameterCount(config) / 1e6).toFixed(1)}M parameters; ${sizes.pairs} pairs, prompts of ${sizes.prompt} and completions of ${sizes.completion} tokens`);
  const { policy, folders } = await writeModels();
  const rival = python ? await LlmRival.start(python, { threads, policy: folders.policy, reward: folders.reward, ...sizes }) : undefined;
  const cases: BenchCase[] = [];
  try {
    for (const { work, name, tokens, goal } of kinds) {
      const ours = works[work](policy, threads);
      await ours.run();
      await rival?.load(work);
      await rival?.run(1);
      const [mine, theirs]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        const started = performance.now();
        await ours.run();
        mine.push((performance.now() - started) / 1000);
        if (rival) theirs.push(...(await rival.run(1)));
      }
      await ours.dispose();
      notes(`${name}: ${mine.map((s) => s.toFixed(2)).join(' ')} s${rival ? `, peer ${theirs.map((s) => s.toFixed(2)).join(' ')} s` : ''}`);
      cases.push(benchCase(name, 'tokens/s', tokens / median(mine), rival && { name: rival.name, value: tokens / median(theirs) }, goal));
    }
    for (const adapted of [false, true]) {
      const theirs = await rival?.grpo(grpoSteps, adapted);
      for (const rolloutWeights of adapted ? (['f32', 'int8'] as const) : (['f32'] as const)) {
        const name = ['GRPO iteration, one group', adapted ? 'LoRA 16' : 'all weights', ...(rolloutWeights === 'f32' ? [] : [`rollouts in ${rolloutWeights}`])].join(', ');
        const mine = await grpoSeconds(policy, threads, grpoSteps, { adapted, rolloutWeights });
        notes(`${name}: ${mine.map((s) => s.toFixed(2)).join(' ')} s${theirs ? `, TRL ${theirs.map((s) => s.toFixed(2)).join(' ')} s` : ''}`);
        // The first step of each also builds what later ones reuse.
        const rate = (seconds: number[]) => 60 / median(seconds.slice(1));
        cases.push(benchCase(name, 'per minute', rate(mine), theirs && { name: 'TRL GRPOTrainer', value: rate(theirs) }, grpoGoal));
      }
    }
    const start = (profilePrefix: string) => profiledSupervisedStep(policy, { threads, profilePrefix });
    cases.push(await gemmPeak(threads), ...(await profileCases({ name: 'supervised step, all weights', start, memory: profileMemory }, threads, notes)));
  } finally {
    rival?.stop();
    rmSync(folders.root, { recursive: true, force: true });
  }
  return { cases, broken: [] };
}
