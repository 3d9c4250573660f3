import { HandlesJob, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { CompletionScoresRepository } from './completion-scores.repository.js';
import { EnsembleScorer } from '#src/rl/reward/ensemble-scorer.js';
import { ensembleRewards } from '#src/rl/reward/ensemble.js';
import { RewardScorersService } from './reward-scorers.service.js';
import { scoringUnits, type ScoringUnit } from './scoring-units.js';
import { TextScoresRepository } from './text-scores.repository.js';

/** Number of texts whose scores are stored together; a job that dies loses at most these. */
const chunk = 512;

/** Scores what this reward model has not scored yet: completions of some prompts, and texts that wait in line. */
@HandlesJob('reward-model.score')
export class ScoringHandler implements JobHandler<'reward-model.score'> {
  constructor(
    private readonly scores: CompletionScoresRepository,
    private readonly texts: TextScoresRepository,
    private readonly scorers: RewardScorersService,
  ) {}

  async run({ rewardModelId, promptIds }: { rewardModelId: string; promptIds: string[] }, context: JobContext): Promise<void> {
    const completions = await this.scores.unscoredOfPrompts(rewardModelId, promptIds);
    const units = scoringUnits(completions, await this.texts.waiting(rewardModelId));
    const known = await this.texts.known(rewardModelId, units.map(({ hash }) => hash));
    const [read, unread] = [units.filter(({ hash }) => known.has(hash)), units.filter(({ hash }) => !known.has(hash))];
    if (read.length > 0) await context.commit((tx) => this.scores.insert(tx, rewardModelId, completionsOf(read)));
    if (unread.length > 0) await this.scoreUnits(rewardModelId, unread, context);
  }

  private async scoreUnits(rewardModelId: string, units: ScoringUnit[], context: JobContext): Promise<void> {
    context.phase('scoring');
    const scorer = await this.scorers.load(rewardModelId);
    try {
      for (let start = 0; start < units.length; start += chunk) {
        const part = units.slice(start, start + chunk);
        const scored = await scoresOf(part, scorer, context.signal);
        await context.commit(async (tx) => {
          await this.texts.save(tx, rewardModelId, scored);
          await this.scores.insert(tx, rewardModelId, completionsOf(part));
        });
        await context.kept();
        await context.progress(start + part.length, units.length, 'texts');
      }
    } finally {
      await scorer.dispose();
    }
  }
}

async function scoresOf(units: readonly ScoringUnit[], scorer: EnsembleScorer, signal: AbortSignal) {
  const memberRewards = await scorer.scoreMembers(units, { signal });
  const rewards = ensembleRewards(memberRewards, memberRewards.map(() => 0));
  return units.map(({ hash }, i) => ({
    hash,
    score: rewards[i],
    memberScores: memberRewards.length > 1 ? memberRewards.map((own) => own[i]) : null,
  }));
}

function completionsOf(units: readonly ScoringUnit[]): { completionId: string; hash: string }[] {
  return units.flatMap(({ hash, completionIds }) => completionIds.map((completionId) => ({ completionId, hash })));
}
