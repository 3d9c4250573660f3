import { Module } from '@nestjs/common';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { PairFactsRepository } from './evaluation/pair-facts.repository.js';
import { RewardEvaluator } from './models/reward-evaluator.js';
import { RewardMemberTrainer } from './models/reward-member-trainer.js';
import { RewardScorersService } from './scores/reward-scorers.service.js';
import { RewardTrainingHandler } from './models/reward-training.handler.js';
import { RewardModule } from './reward.module.js';
import { ScoringHandler } from './scores/scoring.handler.js';

/** Trains and runs reward models. Other rooms' worker modules import it for `RewardScorersService`. */
@Module({
  imports: [DatabaseModule, RewardModule, ArtifactsModule, PoliciesModule],
  providers: [RewardScorersService, PairFactsRepository, RewardMemberTrainer, RewardEvaluator, RewardTrainingHandler, ScoringHandler],
  exports: [RewardScorersService],
})
export class RewardWorkerModule {}
