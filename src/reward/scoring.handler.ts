import { HandlesJob, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { CompletionScoresRepository } from './completion-scores.repository.js';
import { RewardScorersService } from './reward-scorers.service.js';

/** Completions whose scores are kept together; a job that dies has lost no more than these. */
const chunk = 512;

/** Scores the completions of some prompts that this reward model has not scored yet. */
@HandlesJob('reward-model.score')
export class ScoringHandler implements JobHandler<'reward-model.score'> {
  constructor(
    private readonly scores: CompletionScoresRepository,
    private readonly scorers: RewardScorersService,
  ) {}

  async run({ rewardModelId, promptIds }: { rewardModelId: string; promptIds: string[] }, context: JobContext): Promise<void> {
    const waiting = await this.scores.unscoredOfPrompts(rewardModelId, promptIds);
    if (waiting.length === 0) return;
    context.phase('scoring');
    const scorer = await this.scorers.load(rewardModelId);
    try {
      for (let start = 0; start < waiting.length; start += chunk) {
        const part = waiting.slice(start, start + chunk);
        const rewards = await scorer.score(part, { signal: context.signal });
        const scored = part.map(({ completionId }, i) => ({ completionId, score: rewards[i] }));
        await context.commit((tx) => this.scores.insert(tx, rewardModelId, scored));
        await context.progress(start + part.length, waiting.length, 'completions');
      }
    } finally {
      await scorer.dispose();
    }
  }
}
