import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { CompletionScore } from './completion-score.entity.js';
import { CompletionScoresController } from './completion-scores.controller.js';
import { CompletionScoresRepository } from './completion-scores.repository.js';
import { DisagreementService } from './disagreement.service.js';
import { PlanResourcesService } from './plan-resources.js';
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
import { ScoringJobs } from './scoring-jobs.js';
import { TextScore } from './text-score.entity.js';
import { TextScoresRepository } from './text-scores.repository.js';
import { TextScoresService } from './text-scores.service.js';

@Module({
  imports: [DatabaseModule, TypeOrmModule.forFeature([RewardModel, RewardModelMember, CompletionScore, TextScore]), JobsModule, ArtifactsModule, PoliciesModule],
  controllers: [RewardModelsController, CompletionScoresController],
  providers: [
    RewardModelsRepository,
    RewardModelMembersRepository,
    PreferenceDataRepository,
    CompletionScoresRepository,
    TextScoresRepository,
    RewardInputs,
    RewardModelsService,
    PlanResourcesService,
    RewardPlansService,
    ScoringJobs,
    ScoresService,
    TextScoresService,
    DisagreementService,
  ],
  exports: [
    PlanResourcesService,
    RewardModelsRepository,
    RewardModelMembersRepository,
    PreferenceDataRepository,
    CompletionScoresRepository,
    TextScoresRepository,
    RewardModelsService,
    ScoresService,
    DisagreementService,
  ],
})
export class RewardModule {}
