import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '#src/database/database.module.js';
import { PromptSet, Prompt } from './prompt.entity.js';
import { PromptSetsController } from './prompt-sets.controller.js';
import { PromptSetsRepository } from './prompt-sets.repository.js';
import { PromptSetsService } from './prompt-sets.service.js';
import { PromptsController } from './prompts.controller.js';
import { PromptsRepository } from './prompts.repository.js';
import { PromptsService } from './prompts.service.js';

@Module({
  imports: [DatabaseModule, TypeOrmModule.forFeature([Prompt, PromptSet])],
  controllers: [PromptsController, PromptSetsController],
  providers: [PromptsRepository, PromptsService, PromptSetsRepository, PromptSetsService],
  exports: [PromptsService, PromptSetsService],
})
export class PromptsModule {}
