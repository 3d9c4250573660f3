import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { CompletionScore } from './completion-score.entity.js';
import { CompletionScoresRepository } from './completion-scores.repository.js';
import { PreferenceDataRepository } from './preference-data.repository.js';
import { RewardInputs } from './reward-inputs.js';
import { RewardModelMember } from './reward-model-member.entity.js';
import { RewardModelMembersRepository } from './reward-model-members.repository.js';
import { RewardModel } from './reward-model.entity.js';
import { RewardModelsController } from './reward-models.controller.js';
import { RewardModelsRepository } from './reward-models.repository.js';
import { RewardModelsService } from './reward-models.service.js';
import { RewardPlansService } from './reward-plans.service.js';
import { ScoresService } from './scores.service.js';

@Module({
  imports: [DatabaseModule, TypeOrmModule.forFeature([RewardModel, RewardModelMember, CompletionScore]), JobsModule, ArtifactsModule, PoliciesModule],
  controllers: [RewardModelsController],
  providers: [
    RewardModelsRepository,
    RewardModelMembersRepository,
    PreferenceDataRepository,
    CompletionScoresRepository,
    RewardInputs,
    RewardModelsService,
    RewardPlansService,
    ScoresService,
  ],
  exports: [RewardModelsRepository, RewardModelMembersRepository, PreferenceDataRepository, CompletionScoresRepository, RewardModelsService],
})
export class RewardModule {}
