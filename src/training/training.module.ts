import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { PromptsModule } from '#src/prompts/prompts.module.js';
import { RatingsModule } from '#src/ratings/ratings.module.js';
import { RewardModule } from '#src/reward/reward.module.js';
import { ValueStartService } from './inputs/value-start.service.js';
import { TrainingCheckpoint } from './checkpoints/training-checkpoint.entity.js';
import { TrainingCheckpointsController } from './checkpoints/training-checkpoints.controller.js';
import { TrainingCheckpointsRepository } from './checkpoints/training-checkpoints.repository.js';
import { TrainingCheckpointsService } from './checkpoints/training-checkpoints.service.js';
import { TrainingCurvesService } from './runs/training-curves.service.js';
import { DatasetInputsService } from './inputs/dataset-inputs.service.js';
import { TrainingRunPlansService } from './plans/training-run-plans.service.js';
import { RewardInputsService } from './inputs/reward-inputs.service.js';
import { RolloutInputsService } from './inputs/rollout-inputs.service.js';
import { RatedDataRepository } from './inputs/rated-data.repository.js';
import { TrainingInputs } from './inputs/training-inputs.js';
import { TrainingRun, TrainingSample } from './runs/training-run.entity.js';
import { TrainingRunsController } from './runs/training-runs.controller.js';
import { TrainingRunsRepository } from './runs/training-runs.repository.js';
import { TrainingRunsService } from './runs/training-runs.service.js';

@Module({
  imports: [
    DatabaseModule,
    TypeOrmModule.forFeature([TrainingRun, TrainingSample, TrainingCheckpoint]),
    JobsModule,
    ArtifactsModule,
    PoliciesModule,
    PromptsModule,
    RatingsModule,
    RewardModule,
  ],
  controllers: [TrainingRunsController, TrainingCheckpointsController],
  providers: [TrainingInputs, RatedDataRepository, RewardInputsService, ValueStartService, RolloutInputsService, TrainingRunsRepository, TrainingRunsService, TrainingCheckpointsRepository, TrainingCheckpointsService, TrainingCurvesService, DatasetInputsService, TrainingRunPlansService],
  exports: [RatedDataRepository, TrainingCheckpointsRepository, TrainingCheckpointsService, TrainingInputs, ValueStartService, TrainingRunsRepository, TrainingRunsService],
})
export class TrainingModule {}
