// The sources of a run's rewards, opened for its job: reward models in memory, connections to servers. Workers only.
import { Inject, Injectable } from '@nestjs/common';
import { EndpointError } from '#src/completions/endpoint-error.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { RewardModelsService } from '#src/reward/models/reward-models.service.js';
import { RewardScorersService } from '#src/reward/scores/reward-scorers.service.js';
import { type ScoredText, type ScoreFn, type Scores } from '#src/rl/rollouts/rollouts.js';
import { HttpRewards } from './http-rewards.js';
import type { RewardModelSource, RewardSource } from './reward-sources.js';

export interface RewardPanel {
  /** @throws JobFailure `reward_not_finite`, and a server's refusals by their codes; EndpointError where trying again may help */
  score: ScoreFn;
  dispose: () => Promise<void>;
}

interface OpenSource {
  source: RewardSource;
  scale?: Scale;
  score: (items: readonly ScoredText[], signal?: AbortSignal) => Promise<ArrayLike<number>>;
  dispose: () => void | Promise<void>;
}

@Injectable()
export class RewardPanelService {
  constructor(
    private readonly scorers: RewardScorersService,
    private readonly rewardModels: RewardModelsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws JobFailure as `score`, and `reward_model_not_trained` */
  async open(sources: readonly RewardSource[]): Promise<RewardPanel> {
    const opened: OpenSource[] = [];
    const dispose = async (): Promise<void> => {
      for (const source of opened) await source.dispose();
    };
    try {
      for (const source of sources) opened.push(await this.openSource(source));
    } catch (error) {
      await dispose();
      throw asFailure(error);
    }
    return { score: (items, signal) => scoreAll(opened, items, signal), dispose };
  }

  private async openSource(source: RewardSource): Promise<OpenSource> {
    if (source.type === 'http') {
      const rewards = new HttpRewards(source, this.config);
      return { source, score: (items, signal) => rewards.score(items, signal), dispose: () => rewards.dispose() };
    }
    const scale = await this.scaleOf(source);
    const scorer = await this.scorers.load(source.rewardModelId);
    return { source, scale, score: (items, signal) => scorer.score(items, { signal }), dispose: () => scorer.dispose() };
  }

  private async scaleOf({ rewardModelId, normalize }: RewardModelSource): Promise<Scale | undefined> {
    if (!normalize) return undefined;
    const evaluation = (await this.rewardModels.find(rewardModelId))?.evaluation;
    if (!evaluation) throw new JobFailure('reward_model_not_trained', `reward model ${rewardModelId} is not trained`);
    return { mean: evaluation.rewardMean, deviation: evaluation.rewardDeviation };
  }
}

/** One source after the other: reward models take all cores. */
async function scoreAll(sources: readonly OpenSource[], items: readonly ScoredText[], signal?: AbortSignal): ReturnType<ScoreFn> {
  try {
    const said = [];
    for (const { source, scale, score } of sources) said.push({ name: source.name, weight: source.weight, scale, scores: await score(items, signal) });
    return weightedRewards(said, items.length);
  } catch (error) {
    throw asFailure(error);
  }
}

function asFailure(error: unknown): unknown {
  if (error instanceof RewardNotFiniteError) return new JobFailure('reward_not_finite', error.message);
  if (error instanceof EndpointError && !error.retriable) return new JobFailure(error.code, error.message);
  return error;
}

/**
 * The reward of a completion from several sources: `sum_i w_i s_i`, as TRL's `sum_then_normalize`. Weights act on raw scores
 * unless a source is normalised, and then on `(s - mean) / deviation` with the figures of its evaluation, which do not
 * change during the run. What is not a finite number is a mistake of the source and no reward.
 */
export interface Scale {
  mean: number;
  deviation: number;
}

export interface SourceScores {
  name: string;
  weight: number;
  /** One per text. */
  scores: ArrayLike<number>;
  scale?: Scale;
}

class RewardNotFiniteError extends Error {
  override readonly name = 'RewardNotFiniteError';
}

/** @throws RewardNotFiniteError naming source and text */
export function weightedRewards(sources: readonly SourceScores[], texts: number): Scores {
  const total = new Float64Array(texts);
  const bySource: Record<string, Float64Array> = {};
  for (const { name, weight, scores, scale } of sources) {
    if (scores.length !== texts) throw new RewardNotFiniteError(`"${name}" gave ${scores.length} rewards for ${texts} completions`);
    const { mean, deviation } = scale ?? { mean: 0, deviation: 1 };
    const own = Float64Array.from(scores, (score) => (score - mean) / deviation);
    const bad = own.findIndex((score) => !Number.isFinite(score));
    if (bad >= 0) throw new RewardNotFiniteError(`"${name}" rewards completion ${bad} of ${texts} with ${scores[bad]}`);
    own.forEach((score, i) => (total[i] += weight * score));
    bySource[name] = own;
  }
  return { total, bySource };
}
