// Scores held-out completions with every member of a reward model and says how good it is.
import { Inject, Injectable } from '@nestjs/common';
import { ModelsService } from '#src/artifacts/models.service.js';
import type { Verdict } from '#src/common/findings.js';
import { Rng } from '#src/common/rng.js';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import type { JobContext } from '#src/jobs/job-handler.js';
import { PairFactsRepository } from '../evaluation/pair-facts.repository.js';
import type { PairSplit } from '../data/preference-data.repository.js';
import { PreferenceDataService, type StoredGroup } from '../data/preference-data.service.js';
import { evaluateRewards, plainAccuracy, type RewardEvaluation } from '../evaluation/reward-evaluation.js';
import type { RewardModelMember, TrainedHere } from './reward-model.entity.js';
import { RewardScorer } from '#src/rl/reward/reward-scorer.js';
import { auditReward } from './reward-verdict.js';

@Injectable()
export class RewardEvaluator {
  private readonly threads: number | undefined;

  constructor(
    private readonly data: PreferenceDataService,
    private readonly facts: PairFactsRepository,
    private readonly models: ModelsService,
    @Inject(CONFIG) config: Config,
  ) {
    this.threads = config.computeThreads || undefined;
  }

  async evaluate(
    { pairSetId, hyperparameters }: TrainedHere,
    members: readonly RewardModelMember[],
    context: JobContext,
  ): Promise<{ evaluation: RewardEvaluation; verdict: Verdict }> {
    context.phase('evaluating');
    const { seed, maxTokens } = hyperparameters;
    const [train, unseen] = [await this.data.groups(pairSetId, 'train', 0), await this.data.groups(pairSetId, 'eval', 0)];
    const split: PairSplit = unseen.length > 0 ? 'eval' : 'train';
    if (split === 'train') context.log('warn', 'the pair set holds no prompts out: the accuracy proves nothing');
    const groups = split === 'eval' ? unseen : train;
    const known = split === 'eval' ? Rng.from(seed).fork('trained on').shuffle([...train]).slice(0, unseen.length) : [];
    const memberRewards = await this.score([...groups, ...known], members, maxTokens, context);
    const count = completionCount(groups);
    const trainings = members.map(({ training }) => training);
    const evaluation = evaluateRewards(
      { groups, memberRewards: memberRewards.map((rewards) => rewards.slice(0, count)) },
      await this.facts.of(pairSetId, split),
      {
        split,
        trainAccuracy: known.length > 0 ? plainAccuracy({ groups: known, memberRewards: memberRewards.map((rewards) => rewards.slice(count)) }) : null,
        trainPairs: trainings[0].pairs,
        truncatedTexts: trainings[0].truncatedTexts,
        steps: trainings.reduce((total, { steps }) => total + steps, 0),
      },
      seed,
    );
    return { evaluation, verdict: auditReward(evaluation, trainings, completionCount(train)) };
  }

  /** By member: rewards of all completions. One member is in memory at a time. @throws JobFailure `training_diverged` */
  private async score(groups: readonly StoredGroup[], members: readonly RewardModelMember[], maxTokens: number, context: JobContext): Promise<Float64Array[]> {
    const items = groups.flatMap(({ prompt, completions }) => completions.map((completion) => ({ prompt, completion })));
    const found: Float64Array[] = [];
    for (const [index, { modelId }] of members.entries()) {
      const checkpoint = await this.models.loadCheckpoint(modelId);
      const scorer = RewardScorer.load(checkpoint, { maxTokens, threads: this.threads });
      try {
        const onProgress = (done: number, total: number) => context.progress(index * total + done, members.length * total, 'completions');
        found.push(requireFinite(index, await scorer.score(items, { signal: context.signal, onProgress })));
      } finally {
        await scorer.dispose();
      }
    }
    return found;
  }
}

const completionCount = (groups: readonly StoredGroup[]): number => groups.reduce((total, { completions }) => total + completions.length, 0);

/** Weights with a finite training loss may still give non-finite rewards on other texts; a retry would too. */
function requireFinite(member: number, rewards: Float64Array): Float64Array {
  const bad = rewards.filter((reward) => !Number.isFinite(reward)).length;
  if (bad === 0) return rewards;
  throw new JobFailure('training_diverged', `member ${member} gives ${bad} of ${rewards.length} completions a reward that is not a finite number`);
}
