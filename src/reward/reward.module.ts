import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { CompletionScore, TextScore } from './scores/score.entity.js';
import { CompletionScoresController } from './scores/completion-scores.controller.js';
import { CompletionScoresRepository } from './scores/completion-scores.repository.js';
import { DisagreementService } from './scores/disagreement.service.js';
import { PlanResourcesService } from './models/plan-resources.js';
import { PreferenceDataRepository } from './data/preference-data.repository.js';
import { PreferenceDataService } from './data/preference-data.service.js';
import { RewardInputs } from './models/reward-inputs.js';
import { RewardModelMember, RewardModel } from './models/reward-model.entity.js';
import { RewardModelMembersRepository } from './models/reward-model-members.repository.js';
import { RewardModelsController } from './reward-models.controller.js';
import { RewardModelsRepository } from './models/reward-models.repository.js';
import { RewardModelsService } from './models/reward-models.service.js';
import { RewardPlansService } from './models/reward-plans.service.js';
import { ScoresService } from './scores/scores.service.js';
import { ScoringJobs } from './scores/scoring-jobs.js';
import { TextScoresRepository } from './scores/text-scores.repository.js';
import { TextScoresService } from './scores/text-scores.service.js';

@Module({
  imports: [DatabaseModule, TypeOrmModule.forFeature([RewardModel, RewardModelMember, CompletionScore, TextScore]), JobsModule, ArtifactsModule, PoliciesModule],
  controllers: [RewardModelsController, CompletionScoresController],
  providers: [
    RewardModelsRepository,
    RewardModelMembersRepository,
    PreferenceDataRepository,
    PreferenceDataService,
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
    PreferenceDataService,
    CompletionScoresRepository,
    TextScoresRepository,
    RewardModelsService,
    ScoresService,
    DisagreementService,
  ],
})
export class RewardModule {}
