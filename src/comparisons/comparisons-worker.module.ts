import { Module } from '@nestjs/common';
import { CompletionsModule } from '#src/completions/completions.module.js';
import { CompletionsWorkerModule } from '#src/completions/completions-worker.module.js';
import { LabelingModule } from '#src/labeling/labeling.module.js';
import { PromptsModule } from '#src/prompts/prompts.module.js';
import { RewardWorkerModule } from '#src/reward/reward-worker.module.js';
import { ComparisonHandler } from './comparison.handler.js';
import { ComparisonsModule } from './comparisons.module.js';

/** Runs the jobs in which two versions answer the same prompts. */
@Module({
  imports: [ComparisonsModule, CompletionsModule, CompletionsWorkerModule, LabelingModule, PromptsModule, RewardWorkerModule],
  providers: [ComparisonHandler],
})
export class ComparisonsWorkerModule {}
