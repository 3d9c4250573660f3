import { Module } from '@nestjs/common';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { PromptsModule } from '#src/prompts/prompts.module.js';
import { CompletionBatchHandler } from './completion-batch.handler.js';
import { CompletionsModule } from './completions.module.js';
import { GenerationService } from './generation.service.js';

/** Runs policies. Other rooms' worker modules import it for `GenerationService`. */
@Module({
  imports: [CompletionsModule, PoliciesModule, PromptsModule],
  providers: [GenerationService, CompletionBatchHandler],
  exports: [GenerationService],
})
export class CompletionsWorkerModule {}
