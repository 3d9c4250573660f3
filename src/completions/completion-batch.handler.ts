import { HandlesJob, type JobContext, type JobHandler } from '#src/jobs/job-handler.js';
import { PromptSetsService } from '#src/prompts/prompt-sets.service.js';
import type { CompletionBatch } from './completion-batch.entity.js';
import { requireShare, type CompletionSource, type PromptFailure } from './completion-source.js';
import { CompletionBatchesRepository } from './completion-batches.repository.js';
import { CompletionBatchesService } from './completion-batches.service.js';
import { CompletionsRepository } from './completions.repository.js';
import { CompletionsService } from './completions.service.js';
import { GenerationService } from './generation.service.js';
import type { AskedPrompt } from '#src/common/conversation.js';

/**
 * Generates completions of a prompt set, chunk by chunk. Each chunk is stored when done, so an attempt after a crash continues with the
 * first missing prompt and gives the same result. A prompt that cannot be answered fails alone, up to the allowed share; a retry tries
 * only the failed prompts again.
 */
@HandlesJob('completion-batch.generate')
export class CompletionBatchHandler implements JobHandler<'completion-batch.generate'> {
  constructor(
    private readonly batches: CompletionBatchesService,
    private readonly rows: CompletionBatchesRepository,
    private readonly completions: CompletionsService,
    private readonly written: CompletionsRepository,
    private readonly promptSets: PromptSetsService,
    private readonly generation: GenerationService,
  ) {}

  async run({ completionBatchId }: { completionBatchId: string }, context: JobContext): Promise<void> {
    context.phase('loading');
    const batch = await this.batches.get(completionBatchId);
    const { n } = batch.sampling;
    const chunks = batchChunks(await this.promptSets.members(batch.promptSetId), n);
    const counts = await this.written.countsByPrompt(batch.id);
    const missing = chunks.map((chunk) => chunk.filter((prompt) => (counts.get(prompt.id) ?? 0) < n)).filter((chunk) => chunk.length > 0);
    if (missing.length === 0) return;
    const prompts = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const failures: PromptFailure[] = [];
    await this.generation.withGenerator(batch.policyVersionId, async (generator) => {
      context.phase('generating');
      const rowsOf = (some: AskedPrompt[][]) => some.reduce((sum, chunk) => sum + chunk.length * n, 0);
      const total = rowsOf(chunks);
      let done = total - rowsOf(missing);
      for (const chunk of missing) {
        failures.push(...(await this.write(generator, batch, chunk, context, (rows) => void context.progress(done + rows, total, 'completions'))));
        requireShare(failures, prompts, batch.maxFailedShare);
        done += chunk.length * n;
        await context.progress(done, total, 'completions');
      }
    }, batch.weights);
  }

  private async write(
    generator: CompletionSource,
    batch: CompletionBatch,
    chunk: AskedPrompt[],
    context: JobContext,
    onProgress: (rows: number) => void,
  ): Promise<PromptFailure[]> {
    const { signal } = context;
    signal.throwIfAborted();
    const failed: PromptFailure[] = [];
    const generated = await generator.generate(chunk, batch.sampling, { signal, onProgress, onFailed: (failure) => failed.push(failure) });
    await context.commit(async (tx) => {
      const kept = await this.completions.keepGenerated(tx, batch.policyVersionId, batch.id, generated);
      await this.rows.addToCount(tx, batch.id, kept.length);
      await this.rows.replaceFailures(tx, batch.id, chunk.map(({ id }) => id), failed);
    });
    await context.kept();
    return failed;
  }
}

/**
 * Cuts a batch into chunks that are generated and committed together. Cuts depend on the batch alone and
 * never on the progress of an earlier attempt, so that a new attempt computes the same chunks.
 *
 * @param n completions per prompt
 * @param rows completions per chunk, at least; a prompt is never cut
 */
export function batchChunks<T>(prompts: readonly T[], n: number, rows = 256): T[][] {
  const size = Math.ceil(rows / n);
  return Array.from({ length: Math.ceil(prompts.length / size) }, (_, i) => prompts.slice(i * size, (i + 1) * size));
}
