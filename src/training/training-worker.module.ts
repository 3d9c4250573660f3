import { Module } from '@nestjs/common';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { CompletionsModule } from '#src/completions/completions.module.js';
import { CompletionsWorkerModule } from '#src/completions/completions-worker.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { PromptsModule } from '#src/prompts/prompts.module.js';
import { RewardModule } from '#src/reward/reward.module.js';
import { RewardWorkerModule } from '#src/reward/reward-worker.module.js';
import { CheckpointKeeper } from './checkpoints/checkpoint-keeper.service.js';
import { DatasetRunner } from './runners/dataset.runner.js';
import { RewardPanelService } from './rewards/reward-panel.service.js';
import { RolloutRunner } from './runners/rollout.runner.js';
import { TrainingRunHandler } from './runners/training-run.handler.js';
import { TrainingModule } from './training.module.js';

/** Fine-tunes policies. */
@Module({
  imports: [
    TrainingModule,
    ArtifactsModule,
    CompletionsModule,
    CompletionsWorkerModule,
    PoliciesModule,
    PromptsModule,
    RewardModule,
    RewardWorkerModule,
  ],
  providers: [DatasetRunner, RewardPanelService, RolloutRunner, CheckpointKeeper, TrainingRunHandler],
})
export class TrainingWorkerModule {}
