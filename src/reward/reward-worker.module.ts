import { Module } from '@nestjs/common';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { PairFactsRepository } from './pair-facts.repository.js';
import { RewardEvaluator } from './reward-evaluator.js';
import { RewardMemberTrainer } from './reward-member-trainer.js';
import { RewardScorersService } from './reward-scorers.service.js';
import { RewardTrainingHandler } from './reward-training.handler.js';
import { RewardModule } from './reward.module.js';
import { ScoringHandler } from './scoring.handler.js';

/** Trains and runs reward models. Other rooms' worker modules import it for `RewardScorersService`. */
@Module({
  imports: [DatabaseModule, RewardModule, ArtifactsModule, PoliciesModule],
  providers: [RewardScorersService, PairFactsRepository, RewardMemberTrainer, RewardEvaluator, RewardTrainingHandler, ScoringHandler],
  exports: [RewardScorersService],
})
export class RewardWorkerModule {}
