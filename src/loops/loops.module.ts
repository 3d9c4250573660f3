import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ComparisonsModule } from '#src/comparisons/comparisons.module.js';
import { CompletionsModule } from '#src/completions/completions.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { EventsModule } from '#src/events/events.module.js';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { LabelingModule } from '#src/labeling/labeling.module.js';
import { PairsModule } from '#src/pairs/pairs.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { PromptsModule } from '#src/prompts/prompts.module.js';
import { RatingsModule } from '#src/ratings/ratings.module.js';
import { RewardModule } from '#src/reward/reward.module.js';
import { TrainingModule } from '#src/training/training.module.js';
import { AnswerStages } from './answer-stages.js';
import { DecideStages } from './decide-stages.js';
import { LearnStages } from './learn-stages.js';
import { LoopAdvancer } from './loop-advancer.js';
import { LoopInputs } from './loop-inputs.js';
import { LoopIteration } from './loop-iteration.entity.js';
import { LoopIterationsService } from './loop-iterations.service.js';
import { LoopPromptsRepository } from './loop-prompts.repository.js';
import { LoopRatingsRepository } from './loop-ratings.repository.js';
import { LoopSelectionService } from './loop-selection.service.js';
import { LoopTransition, Loop } from './loop.entity.js';
import { LoopsController } from './loops.controller.js';
import { LoopsRepository } from './loops.repository.js';
import { LoopsService } from './loops.service.js';

@Module({
  imports: [
    DatabaseModule,
    TypeOrmModule.forFeature([Loop, LoopIteration, LoopTransition]),
    JobsModule,
    EventsModule,
    PromptsModule,
    PoliciesModule,
    CompletionsModule,
    RatingsModule,
    LabelingModule,
    PairsModule,
    RewardModule,
    TrainingModule,
    ComparisonsModule,
  ],
  controllers: [LoopsController],
  providers: [
    LoopsRepository,
    LoopPromptsRepository,
    LoopRatingsRepository,
    LoopInputs,
    LoopsService,
    LoopIterationsService,
    LoopSelectionService,
    AnswerStages,
    LearnStages,
    DecideStages,
    LoopAdvancer,
  ],
  exports: [LoopsRepository, LoopAdvancer],
})
export class LoopsModule {}
