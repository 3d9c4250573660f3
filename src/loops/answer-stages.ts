// The first half of an iteration: the policy answers, and people rate.
import { Injectable } from '@nestjs/common';
import { CompletionBatchesService } from '#src/completions/completion-batches.service.js';
import { LabelingBatchesService } from '#src/labeling/labeling-batches.service.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import { ratingsOutcome } from './gate.js';
import type { LoopIteration } from './loop-iteration.entity.js';
import { LoopPromptsRepository } from './loop-prompts.repository.js';
import { LoopRatingsRepository } from './loop-ratings.repository.js';
import { LoopSelectionService } from './loop-selection.service.js';
import { made, ownerOf, type StageResult, type StageTask } from './stage.js';
import { Rng } from '#src/common/rng.js';

@Injectable()
export class AnswerStages {
  constructor(
    private readonly promptSets: PromptSetsService,
    private readonly batches: CompletionBatchesService,
    private readonly selection: LoopSelectionService,
    private readonly prompts: LoopPromptsRepository,
    private readonly ratings: LoopRatingsRepository,
    private readonly labeling: LabelingBatchesService,
  ) {}

  /** Draws prompts, then lets the version that the iteration starts from answer them. */
  async generate(task: StageTask): Promise<StageResult> {
    const { loop, iteration } = task;
    const { generation, seed } = loop.config;
    if (!iteration.promptSetId) return { iteration: { promptSetId: await this.draw(task) } };
    if (iteration.completionBatchId) return { outcome: 'generated' };
    const { sampling, completionsPerPrompt } = generation;
    const batch = await this.batches.create(ownerOf(loop), {
      policyVersionId: iteration.startVersionId,
      promptSetId: iteration.promptSetId,
      sampling: { ...sampling, n: completionsPerPrompt, seed: seed + iteration.number },
    });
    return { iteration: { completionBatchId: batch.id }, jobId: batch.jobId };
  }

  /** Selects the prompts whose answers are rated and creates a labeling batch if the loop has vendors. */
  async select(task: StageTask): Promise<StageResult> {
    const { tx, loop, iteration } = task;
    const { vendorIds, perCompletion } = loop.config.ratings;
    if (!iteration.ratedPromptSetId) return this.selection.select(task);
    if (vendorIds.length === 0 || iteration.labelingBatchId) return { outcome: 'selected' };
    const batch = await this.labeling.createIn(tx, {
      name: `loop ${loop.id} iteration ${iteration.number}`,
      mode: 'rate',
      criterionVersionId: loop.criterionVersionId,
      completionBatchId: iteration.completionBatchId!,
      promptSetId: iteration.ratedPromptSetId,
      overlap: perCompletion,
      vendorIds,
      seed: loop.config.seed,
    });
    return { iteration: { labelingBatchId: batch.id }, outcome: 'selected' };
  }

  /** Waits for people, however their ratings come: by the API or through a labeling batch. */
  async awaitRatings({ tx, loop, iteration }: StageTask): Promise<StageResult | null> {
    const progress = await this.ratings.progress(
      {
        completionBatchId: made(iteration.completionBatchId, 'completion batch'),
        ratedPromptSetId: made(iteration.ratedPromptSetId, 'rated prompts'),
        criterionVersionId: loop.criterionVersionId,
      },
      loop.config.ratings.perCompletion,
    );
    const { completions, complete, ratings, agreement } = progress;
    const answered = complete === completions || (await this.batchIsOver(iteration));
    const outcome = ratingsOutcome(progress, loop.config.ratings, answered);
    if (!outcome) return null;
    // A quorum may be reached before the last task is done.
    if (iteration.labelingBatchId) await this.labeling.closeIn(tx, iteration.labelingBatchId);
    return { figures: { ratings: { completions, ratings, agreement } }, outcome };
  }

  private async batchIsOver({ labelingBatchId }: LoopIteration): Promise<boolean> {
    return labelingBatchId !== null && (await this.labeling.find({ vendorId: null }, labelingBatchId)).state !== 'open';
  }

  private async draw({ tx, loop, iteration }: StageTask): Promise<string> {
    const { generation, seed } = loop.config;
    const committee = await this.selection.committee({ tx, loop, iteration });
    const count = committee ? generation.candidates : generation.prompts;
    const practice = (await this.promptSets.members(loop.promptSetId)).map(({ id }) => id);
    const used = await this.prompts.rated(tx, loop.id, iteration.number);
    const promptIds = drawPrompts(practice, used, count, `${loop.id}/${seed}/${iteration.number}`);
    const name = `loop ${loop.id} iteration ${iteration.number}`;
    return (await this.promptSets.create({ name, promptIds })).id;
  }
}

/** Draws the prompts of an iteration: unrated ones first, so that none is rated twice before all are rated once. */
/**
 * @param practice ids in order of the set
 * @param used ids that an earlier iteration had people rate
 * @returns `count` ids, or all when there are fewer, in order of the set: a pure function of its arguments
 */
export function drawPrompts(practice: readonly string[], used: ReadonlySet<string>, count: number, seed: string): string[] {
  const rng = Rng.from(seed);
  const fresh = rng.shuffle(practice.filter((id) => !used.has(id)));
  const again = rng.shuffle(practice.filter((id) => used.has(id)));
  const drawn = new Set([...fresh, ...again].slice(0, count));
  return practice.filter((id) => drawn.has(id));
}
