import { Injectable } from '@nestjs/common';
import { JobsService } from '#src/jobs/jobs.service.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import { LoopPromptsRepository } from './loop-prompts.repository.js';
import { LoopsRepository } from './loops.repository.js';
import { mostDisputed } from './selection.js';
import { made, ownerOf, type StageResult, type StageTask } from './stage.js';

/** Selects the prompts whose answers are rated: all drawn ones, or those on which an ensemble disagrees most. */
@Injectable()
export class LoopSelectionService {
  constructor(
    private readonly loops: LoopsRepository,
    private readonly prompts: LoopPromptsRepository,
    private readonly promptSets: PromptSetsService,
    private readonly jobs: JobsService,
  ) {}

  /** The ensemble used for selection; null: none yet, or random selection. */
  async committee({ tx, loop, iteration }: StageTask): Promise<string | null> {
    if (loop.config.generation.selection === 'random') return null;
    return this.loops.lastRewardModelId(tx, loop.id, iteration.number);
  }

  async select(task: StageTask): Promise<StageResult> {
    const { tx, loop, iteration } = task;
    const promptSetId = made(iteration.promptSetId, 'prompts');
    const rewardModelId = await this.committee(task);
    const drawn = await this.promptSets.members(promptSetId);
    if (!rewardModelId) {
      const counts = { candidates: drawn.length, chosen: drawn.length };
      const selection = { by: 'random', ...counts, meanDisagreement: null, chosenDisagreement: null } as const;
      return { iteration: { ratedPromptSetId: promptSetId }, figures: { selection } };
    }
    if (!iteration.scoringJobId) {
      const payload = { rewardModelId, promptIds: drawn.map(({ id }) => id) };
      const resultRef = { type: 'reward_model', id: rewardModelId };
      const job = await this.jobs.enqueue(tx, { type: 'reward-model.score', payload, resultRef, auth: ownerOf(loop) });
      return { iteration: { scoringJobId: job.id }, jobId: job.id };
    }
    const answers = await this.prompts.memberScores(tx, made(iteration.completionBatchId, 'completion batch'), rewardModelId);
    const { promptIds, ...disagreement } = mostDisputed(answers, loop.config.generation.prompts);
    const name = `loop ${loop.id} iteration ${iteration.number} to rate`;
    const rated = await this.promptSets.create({ name, promptIds });
    const selection = { by: 'disagreement', candidates: drawn.length, chosen: promptIds.length, ...disagreement } as const;
    return { iteration: { ratedPromptSetId: rated.id }, figures: { selection } };
  }
}
