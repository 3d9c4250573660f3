import { CompletionsService } from '#src/completions/completions.service.js';
import type { NewCompletion } from '#src/completions/completion.entity.js';
import { defaultMaxFailedShare, requireShare, type PromptFailure, type WrittenCompletion } from '#src/completions/completion-source.js';
import { GenerationService } from '#src/completions/generation.service.js';
import { contentOf, type AskedPrompt } from '#src/common/conversation.js';
import { defaultSampling } from '#src/completions/sampling.js';
import { newId } from '#src/common/id.js';
import { Rng } from '#src/common/rng.js';
import type { Transaction } from '#src/database/database.js';
import { JobFailure } from '#src/jobs/job-failure.js';
import { HandlesJob, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { LabelingBatchesService } from '#src/labeling/labeling-batches.service.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import { RewardScorersService } from '#src/reward/scores/reward-scorers.service.js';
import { type ComparisonItem, type Comparison, type ComparisonJudge, preferenceFor } from './comparison.entity.js';
import { ComparisonsRepository } from './comparisons.repository.js';

interface Answers {
  baseline: WrittenCompletion[];
  candidate: WrittenCompletion[];
}

/**
 * Has both versions answer every prompt with the same seed, and writes answers, items and, where a reward model
 * judges, judgements in one transaction: a comparison has all its items or none.
 */
@HandlesJob('comparison.run')
export class ComparisonHandler implements JobHandler<'comparison.run'> {
  constructor(
    private readonly comparisons: ComparisonsRepository,
    private readonly promptSets: PromptSetsService,
    private readonly generation: GenerationService,
    private readonly completions: CompletionsService,
    private readonly scorers: RewardScorersService,
    private readonly labeling: LabelingBatchesService,
  ) {}

  async run({ comparisonId }: { comparisonId: string }, context: JobContext): Promise<void> {
    const comparison = await this.comparisons.find(comparisonId);
    if (!comparison) throw new JobFailure('comparison_not_found', `there is no comparison ${comparisonId}`);
    if (comparison.itemCount > 0) return;
    const members = await this.promptSets.members(comparison.promptSetId);
    const failures: PromptFailure[] = [];
    const baseline = await this.answer(comparison, 'baseline', members, failures, context);
    const candidate = await this.answer(comparison, 'candidate', members, failures, context);
    // Prompts that one side could not answer are left out and counted.
    const missing = new Map(failures.map((failure) => [failure.promptId, failure]));
    requireShare([...missing.values()], members.length, defaultMaxFailedShare);
    const prompts = members.filter(({ id }) => !missing.has(id));
    if (prompts.length === 0) throw new JobFailure('no_answers', 'no prompt was answered by both versions');
    const both = (answers: WrittenCompletion[]) => answers.filter(({ promptId }) => !missing.has(promptId));
    const answers: Answers = { baseline: both(baseline), candidate: both(candidate) };
    const scores = await this.score(comparison, prompts, answers, context);
    context.phase('saving');
    await context.commit((tx) => this.write(tx, comparison, answers, scores, missing.size));
  }

  private answer(
    { baselineVersionId, candidateVersionId, sampling }: Comparison,
    side: keyof Answers,
    prompts: readonly AskedPrompt[],
    failures: PromptFailure[],
    context: JobContext,
  ): Promise<WrittenCompletion[]> {
    context.phase(`generating ${side}`);
    const onProgress = (done: number, total: number) => void context.progress(done, total, 'completions');
    const version = side === 'baseline' ? baselineVersionId : candidateVersionId;
    const { signal } = context;
    return this.generation.generateForPrompts(
      version,
      prompts,
      { ...defaultSampling, ...sampling, n: 1 },
      { signal, onProgress, onFailed: (failure) => failures.push(failure) },
    );
  }

  /** Scores of baseline and candidate by prompt; undefined when only people are to judge. */
  private async score(
    comparison: Comparison,
    prompts: readonly AskedPrompt[],
    { baseline, candidate }: Answers,
    context: JobContext,
  ): Promise<{ baseline: number; candidate: number }[] | undefined> {
    const rewardModelId = judgingModel(comparison);
    if (rewardModelId === null) return undefined;
    context.phase('judging');
    const scorer = await this.scorers.load(rewardModelId);
    try {
      const items = [...baseline, ...candidate].map(({ text }, i) => ({
        prompt: contentOf(prompts[i % prompts.length]),
        completion: text,
      }));
      const onProgress = (done: number, total: number) => context.progress(done, total, 'completions');
      const scores = await scorer.score(items, { signal: context.signal, onProgress });
      // Equal texts may be scored in different batches, and rounding must not decide between them.
      return prompts.map((_, i) => ({
        baseline: scores[i],
        candidate: baseline[i].text === candidate[i].text ? scores[i] : scores[prompts.length + i],
      }));
    } finally {
      await scorer.dispose();
    }
  }

  /**
   * Ids grow with time, and labelers of a batch see them: of half of the prompts, by a coin, the candidate's answer is
   * kept first, so that no order of ids tells the versions apart.
   *
   * @returns the kept answers by prompt
   */
  private async keep(
    tx: Transaction,
    { id, sampling, baselineVersionId, candidateVersionId }: Comparison,
    answers: Answers,
  ): Promise<Record<keyof Answers, Map<string, NewCompletion>>> {
    const early = (side: keyof Answers, promptId: string) =>
      Rng.from(`${id}/${sampling.seed}/${promptId}/order`).next() < 0.5 === (side === 'baseline');
    const kept = { baseline: new Map<string, NewCompletion>(), candidate: new Map<string, NewCompletion>() };
    for (const wanted of [true, false]) {
      for (const side of ['baseline', 'candidate'] as const) {
        const version = side === 'baseline' ? baselineVersionId : candidateVersionId;
        const some = answers[side].filter(({ promptId }) => early(side, promptId) === wanted);
        for (const row of await this.completions.keepGenerated(tx, version, null, some)) kept[side].set(row.promptId, row);
      }
    }
    return kept;
  }

  /** One pair per prompt: each has exactly these two completions. The seed hides the sides anew for each task. */
  private async giveToPeople(
    tx: Transaction,
    { id, sampling }: Comparison,
    { criterionVersionId, vendorIds, overlap }: Extract<ComparisonJudge, { type: 'labeling-batch' }>,
    items: readonly ComparisonItem[],
  ): Promise<void> {
    const completionIds = items.flatMap((item) => [item.baselineCompletionId, item.candidateCompletionId]);
    const seed = Rng.from(`${id}/${sampling.seed}/tasks`).int(2 ** 31);
    const batch = await this.labeling.createIn(tx, {
      name: `comparison ${id}`, mode: 'compare', criterionVersionId, completionIds, vendorIds, overlap, seed,
    });
    await this.comparisons.setLabelingBatch(tx, id, batch.id);
  }

  private async write(
    tx: Transaction,
    comparison: Comparison,
    answers: Answers,
    scores: { baseline: number; candidate: number }[] | undefined,
    missingCount: number,
  ): Promise<void> {
    const { id, judge } = comparison;
    const rewardModelId = judgingModel(comparison);
    const { baseline, candidate } = await this.keep(tx, comparison, answers);
    const items = answers.baseline.map(({ promptId }, ordinal) =>
      itemOf(comparison, ordinal, baseline.get(promptId)!, candidate.get(promptId)!),
    );
    await this.comparisons.addItems(tx, id, items, missingCount);
    if (judge.type === 'labeling-batch') await this.giveToPeople(tx, comparison, judge, items);
    if (!scores || rewardModelId === null) return;
    const judgements = items.map((item, i) => ({
      id: newId(),
      itemId: item.id,
      labelerId: null,
      rewardModelId,
      preference: preferenceFor(scores[i].baseline, scores[i].candidate, item.candidateIsLeft),
    }));
    await this.comparisons.addJudgements(tx, judgements);
  }
}

/** The reward model that judges, alone or as proxy. */
function judgingModel({ judge, proxyRewardModelId }: Comparison): string | null {
  return judge.type === 'reward-model' ? judge.rewardModelId : proxyRewardModelId;
}

function itemOf(
  { id, sampling }: Comparison,
  ordinal: number,
  baseline: NewCompletion,
  candidate: NewCompletion,
): ComparisonItem {
  // The id is part of the seed, so that knowing the seed of the answers does not reveal the sides.
  const candidateIsLeft = Rng.from(`${id}/${sampling.seed}/${baseline.promptId}`).next() < 0.5;
  return {
    id: newId(),
    comparisonId: id,
    ordinal,
    promptId: baseline.promptId,
    baselineCompletionId: baseline.id,
    candidateCompletionId: candidate.id,
    candidateIsLeft,
  };
}
