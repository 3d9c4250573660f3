import { defaultSampling } from '#src/completions/sampling.js';
import { given } from '#src/common/given.js';
import type { LoopConfig, LoopRequest } from './loop-config.js';

const { temperature, topP, maxTokens } = defaultSampling;

export const loopDefaults = {
  iterations: 3,
  generation: { completionsPerPrompt: 4, selection: 'random', sampling: { temperature, topP, maxTokens } },
  ratings: { perCompletion: 1, quorum: 1, minimumAgreement: null, vendorIds: [] },
  pairs: { data: 'accumulated', aggregation: 'mean', ties: 'drop', minimumMargin: 0, evalFraction: 0.2 },
  gate: { winRate: 0.5, lengthControlled: false, maxKl: null, allowFailedVerdict: false },
  seed: 0,
} as const;

/** Fills in defaults. With selection by disagreement: three candidates per rated prompt. */
export function completeLoop({ iterations, generation, ratings, pairs, reward, training, judge, gate, seed }: LoopRequest): LoopConfig {
  const { sampling, prompts, candidates, ...answers } = given(generation);
  return {
    iterations: iterations ?? loopDefaults.iterations,
    generation: {
      ...loopDefaults.generation,
      ...answers,
      prompts: prompts!,
      candidates: candidates ?? 3 * prompts!,
      sampling: { ...loopDefaults.generation.sampling, ...given(sampling ?? {}) },
    },
    ratings: { ...loopDefaults.ratings, vendorIds: [], ...given(ratings ?? {}) },
    pairs: { ...loopDefaults.pairs, ...given(pairs ?? {}) },
    reward: settings(reward?.hyperparameters ?? {}),
    training: { method: training.method, hyperparameters: settings(training.hyperparameters ?? {}) },
    judge: { ...judge },
    gate: { ...loopDefaults.gate, ...given(gate ?? {}) },
    seed: seed ?? loopDefaults.seed,
  };
}

/** Null means the default, except for micro-batch tokens, where null, like 0, means the whole step at once. */
function settings<T extends { microBatchTokens?: number | null }>(values: T): T {
  return { ...given(values), ...(values.microBatchTokens === null && { microBatchTokens: 0 }) } as T;
}
