import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { PromptsModule } from '#src/prompts/prompts.module.js';
import { CompletionFailure, CompletionBatch } from './completion-batch.entity.js';
import { CompletionBatchesController } from './completion-batches.controller.js';
import { CompletionBatchesRepository } from './completion-batches.repository.js';
import { CompletionBatchesService } from './completion-batches.service.js';
import { Completion } from './completion.entity.js';
import { CompletionsController } from './completions.controller.js';
import { CompletionsRepository } from './completions.repository.js';
import { CompletionsService } from './completions.service.js';

@Module({
  imports: [
    DatabaseModule,
    TypeOrmModule.forFeature([CompletionBatch, CompletionFailure, Completion]),
    JobsModule,
    ArtifactsModule,
    PromptsModule,
    PoliciesModule,
  ],
  controllers: [CompletionsController, CompletionBatchesController],
  providers: [CompletionsRepository, CompletionsService, CompletionBatchesRepository, CompletionBatchesService],
  exports: [CompletionsRepository, CompletionsService, CompletionBatchesRepository, CompletionBatchesService],
})
export class CompletionsModule {}
