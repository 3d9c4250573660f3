// Our side: the product's own code for reward steps, generation and GRPO, on the same shapes.
import { type Checkpoint } from '#src/lm/files/checkpoint.js';
import { Rng } from '#src/common/rng.js';
import { Generator } from '#src/lm/decode/generate.js';
import { allLinear } from '#src/lm/lora/lora.js';
import { attentionCost } from '#src/lm/text/packing.js';
import { type WeightFormat } from '#src/lm/files/weight-formats.js';
import { inputParams } from '#src/lm/files/weights.js';
import { input } from '#src/nn/graph.js';
import type { Feeds, SessionOptions } from '#src/nn/session.js';
import { div, mul, neg, sum } from '#src/nn/ops.js';
import { TrainState } from '#src/nn/train-state.js';
import { TrainStep } from '#src/nn/train-step.js';
import { collate, type EncodedGroup } from '#src/rl/batch/preference-batch.js';
import { completeReward } from '#src/rl/methods/reward.js';
import { RewardWeights } from '#src/rl/reward/reward-weights.js';
import { packGroups } from '#src/rl/batch/group-batch.js';
import { policyTokens } from '#src/rl/policy/policy-graph.js';
import { completeGrpo, trainGrpo } from '#src/rl/methods/grpo.js';
import type { Profiled } from '../engine/profile.js';
import { lora, sizes } from './setting.js';

/** Something that can be repeated and then put away. */
export interface Work {
  run(): Promise<number>;
  dispose(): Promise<void>;
}

export const works: Record<'reward-lora' | 'reward-full' | 'sft' | 'generate', (policy: Checkpoint, threads: number) => Work> = {
  'reward-lora': (policy, threads) => rewardStep(policy, threads, true),
  'reward-full': (policy, threads) => rewardStep(policy, threads, false),
  sft: supervisedStep,
  generate: generation,
};

function rewardStep(policy: Checkpoint, threads: number, adapted: boolean): Work {
  const hyperparameters = completeReward({ weightDecay: 0.01, centering: 0, lora: adapted ? lora : null });
  const weights = new RewardWeights(policy, hyperparameters, threads);
  const batch = collate(groups(policy.config.vocabSize), { padId: 0, attentionCost: attentionCost(policy.config) });
  return { run: async () => (await weights.step([batch], 1e-5)).loss, dispose: () => weights.dispose() };
}

function supervisedStep(policy: Checkpoint, threads: number): Work {
  const { trainer, feeds } = supervised(policy, { threads });
  return { run: async () => (await trainer.run(feeds, 1e-5)).loss, dispose: () => trainer.dispose() };
}

/** The supervised step with the runtime's profile on. */
export function profiledSupervisedStep(policy: Checkpoint, session: SessionOptions): Profiled {
  const { trainer, feeds } = supervised(policy, session);
  const run = async (): Promise<number> => {
    const started = performance.now();
    await trainer.run(feeds, 1e-5);
    return (performance.now() - started) / 1000;
  };
  const end = (): Promise<void> => {
    trainer.endProfiling();
    return trainer.dispose();
  };
  return { run, end };
}

/** Cross-entropy of the completions, prompts shared by the two of a pair. */
function supervised(policy: Checkpoint, session: SessionOptions): { trainer: TrainStep; feeds: Feeds } {
  const { config } = policy;
  const copies = Object.fromEntries(Object.entries(policy.tensors).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));
  const state = TrainState.init(copies);
  const rollouts = groups(config.vocabSize).map(({ texts }) => ({
    promptIds: texts[0].prompt,
    completions: texts.map(({ completion }) => ({ tokenIds: completion, advantage: 1 })),
  }));
  const { feeds } = packGroups(rollouts, attentionCost(config));
  const trainer = new TrainStep({
    state,
    optimizer: { weightDecay: 0.01, maxGradNorm: 1 },
    session,
    build: () => {
      const params = inputParams(state.params);
      const { logProbs } = policyTokens({ config, params }, feeds, 1);
      const mask = input('mask', 'float32', feeds.mask.shape);
      return { loss: neg(div(sum(mul(logProbs, mask)), input('tokens', 'float32', []))), trainable: params };
    },
  });
  return { trainer, feeds };
}

function generation(policy: Checkpoint, threads: number): Work {
  const generator = new Generator(policy, { threads });
  const [ids] = groups(policy.config.vocabSize).map(({ texts }) => texts[0].prompt);
  let round = 0;
  const run = async (): Promise<number> => {
    const seeds = Array.from({ length: sizes.group }, (_, i) => `${round}/${i}`);
    round++;
    const [rows] = await generator.generate([{ ids, seeds }], { temperature: 1, maxNewTokens: sizes.new, stopTokenIds: [] });
    if (rows.some(({ tokenIds }) => tokenIds.length !== sizes.new)) throw new Error('a row ended early');
    return 0;
  };
  return { run, dispose: () => generator.dispose() };
}

export interface GrpoWay {
  /** Low-rank factors are trained, and not all weights. */
  adapted: boolean;
  rolloutWeights: WeightFormat;
}

/** Seconds of each of `steps` steps of a GRPO run: rollouts of one group, reference, optimizer step. */
export async function grpoSeconds(policy: Checkpoint, threads: number, steps: number, { adapted, rolloutWeights }: GrpoWay): Promise<number[]> {
  const hyperparameters = completeGrpo({
    steps,
    lora: adapted ? { ...lora, targetModules: allLinear } : null,
    rolloutWeights,
    promptsPerStep: 1,
    groupSize: sizes.group,
    maxTokens: sizes.new,
    beta: 0.04,
    learningRate: 1e-5,
    evaluationPrompts: 1,
  });
  const marks: number[] = [];
  await trainGrpo({
    checkpoint: policy,
    prompts: [{ id: 'bench', text: 'word '.repeat(sizes.prompt).trim() }],
    score: (items) => {
      if (marks.length === 0) marks.push(performance.now());
      return Promise.resolve({ total: items.map(({ completion }) => completion.length % 7) });
    },
    hyperparameters,
    threads,
    onStep: () => void marks.push(performance.now()),
  });
  return marks.slice(1).map((mark, i) => (mark - marks[i]) / 1000);
}

/** Random pairs: chosen and rejected share a prompt. */
function groups(vocab: number): EncodedGroup[] {
  const rng = Rng.from('bench texts');
  const some = (length: number): number[] => Array.from({ length }, () => 2 + rng.int(vocab - 2));
  return Array.from({ length: sizes.pairs }, () => {
    const prompt = some(sizes.prompt);
    const texts = [0, 1].map(() => ({ prompt, completion: some(sizes.completion), truncated: false }));
    return { texts, pairs: [{ chosen: 0, rejected: 1, margin: 0 }] };
  });
}
