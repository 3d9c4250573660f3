import { Module } from '@nestjs/common';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { PairsWorkerModule } from '#src/pairs/pairs-worker.module.js';
import { PoliciesModule } from '#src/policies/policies.module.js';
import { RewardScorersService } from './reward-scorers.service.js';
import { RewardTrainingHandler } from './reward-training.handler.js';
import { RewardModule } from './reward.module.js';
import { ScoringHandler } from './scoring.handler.js';

/** Trains and runs reward models. Other rooms' worker modules import it for `RewardScorersService`. */
@Module({
  imports: [RewardModule, ArtifactsModule, PoliciesModule, PairsWorkerModule],
  providers: [RewardScorersService, RewardTrainingHandler, ScoringHandler],
  exports: [RewardScorersService],
})
export class RewardWorkerModule {}
