import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { PromptsModule } from '#src/prompts/prompts.module.js';
import { RewardModule } from '#src/reward/reward.module.js';
import { ValueStartService } from './ppo/value-start.service.js';
import { TrainingCheckpoint } from './checkpoints/training-checkpoint.entity.js';
import { TrainingCheckpointsController } from './checkpoints/training-checkpoints.controller.js';
import { TrainingCheckpointsRepository } from './checkpoints/training-checkpoints.repository.js';
import { TrainingCheckpointsService } from './checkpoints/training-checkpoints.service.js';
import { TrainingCurvesService } from './curves/training-curves.service.js';
import { DatasetInputsService } from './datasets/dataset-inputs.service.js';
import { TrainingRunPlansService } from './plans/training-run-plans.service.js';
import { RewardInputsService } from './rewards/reward-inputs.service.js';
import { RolloutInputsService } from './rollouts/rollout-inputs.service.js';
import { TrainingInputs } from './training-inputs.js';
import { TrainingRun } from './training-run.entity.js';
import { TrainingRunsController } from './training-runs.controller.js';
import { TrainingRunsRepository } from './training-runs.repository.js';
import { TrainingRunsService } from './training-runs.service.js';
import { TrainingSample } from './training-sample.entity.js';

@Module({
  imports: [
    DatabaseModule,
    TypeOrmModule.forFeature([TrainingRun, TrainingSample, TrainingCheckpoint]),
    JobsModule,
    ArtifactsModule,
    PoliciesModule,
    PromptsModule,
    RewardModule,
  ],
  controllers: [TrainingRunsController, TrainingCheckpointsController],
  providers: [TrainingInputs, RewardInputsService, ValueStartService, RolloutInputsService, TrainingRunsRepository, TrainingRunsService, TrainingCheckpointsRepository, TrainingCheckpointsService, TrainingCurvesService, DatasetInputsService, TrainingRunPlansService],
  exports: [TrainingCheckpointsRepository, TrainingCheckpointsService, TrainingInputs, ValueStartService, TrainingRunsRepository, TrainingRunsService],
})
export class TrainingModule {}
