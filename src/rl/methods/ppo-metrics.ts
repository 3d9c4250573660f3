/**
 * Figures of a PPO step under the names of TRL's PPOTrainer. `objective/*` are of whole completions under the weights that
 * wrote them; the others are means over the optimizer steps that followed. Where TRL counts padding tokens (entropy,
 * approxkl, ratio) these do not.
 */
import { mean, sampleDeviation } from '#src/common/statistics.js';
import { type Metrics } from '#src/lm/files/training-progress.js';
import { type TokenFacts } from './ppo-batch.js';

/** Of one mini-batch. */
export interface MiniBatchFigures {
  policyLoss: number;
  valueLoss: number;
  gradNorm: number;
  valueGradNorm: number;
  approxKl: number;
  clipShare: number;
  ratio: number;
  entropy: number;
  valueClipShare: number;
  /** If a quantized copy of the policy sampled. */
  samplingWeight?: number;
  samplingGap?: number;
}

interface Objective {
  /** Log-probabilities of tokens, by completion. */
  own: readonly Float32Array[];
  /** Of tokens, by completion. */
  kl: readonly Float64Array[];
  rewards: readonly number[];
  beta: number;
}

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

export function objectiveMetrics({ own, kl, rewards, beta }: Objective): Metrics {
  const klOf = kl.map(sum);
  const perCompletion = mean(klOf);
  return {
    kl: sum(klOf) / sum(kl.map(({ length }) => length)),
    'objective/kl': perCompletion,
    'objective/entropy': mean(own.map((values) => -sum(values))),
    'objective/non_score_reward': 0 - beta * perCompletion,
    'objective/rlhf_reward': mean(rewards) - beta * perCompletion,
    'objective/scores': mean(rewards),
    'objective/kl_coef': beta,
  };
}

export function epochMetrics(steps: readonly MiniBatchFigures[]): Metrics {
  const average = (of: (step: MiniBatchFigures) => number): number => mean(steps.map(of));
  const entropy = average((step) => step.entropy);
  return {
    entropy,
    grad_norm: average((step) => step.gradNorm),
    'value/grad_norm': average((step) => step.valueGradNorm),
    'policy/approxkl_avg': average((step) => step.approxKl),
    'policy/clipfrac_avg': average((step) => step.clipShare),
    'policy/entropy_avg': entropy,
    'loss/policy_avg': average((step) => step.policyLoss),
    'loss/value_avg': average((step) => step.valueLoss),
    'val/clipfrac_avg': average((step) => step.valueClipShare),
    'val/ratio': average((step) => step.ratio),
    ...(steps[0].samplingWeight !== undefined && {
      'sampling/importance_sampling_ratio_mean': average((step) => step.samplingWeight!),
      'sampling/logp_difference_mean': average((step) => step.samplingGap!),
    }),
    'val/ratio_var': steps.length > 1 ? sampleDeviation(steps.map(({ ratio }) => ratio)) ** 2 : 0,
  };
}

/** 1 - Var(return - value) / Var(return) over all tokens: 1 is a perfect value model, below 0 a misleading one. */
export function varianceExplained(facts: readonly Pick<TokenFacts, 'returns' | 'values'>[]): number {
  const returns = facts.flatMap((of) => Array.from(of.returns));
  const values = facts.flatMap((of) => Array.from(of.values));
  const variance = (of: readonly number[]): number => {
    const center = mean(of);
    return mean(of.map((value) => (value - center) ** 2));
  };
  const total = variance(returns);
  return total === 0 ? 0 : 1 - variance(returns.map((value, t) => value - values[t])) / total;
}
