// The API process: every room of the pipeline with its controllers, and no model code.
import { type DynamicModule, Module } from '@nestjs/common';
import { ArtifactsModule } from './artifacts/artifacts.module.js';
import { AuthModule } from './auth/auth.module.js';
import { IdempotencyModule } from './auth/idempotency.module.js';
import { ComparisonsModule } from './comparisons/comparisons.module.js';
import { CompletionsModule } from './completions/completions.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { JobsHttpModule } from './jobs/jobs-http.module.js';
import { LabelingModule } from './labeling/labeling.module.js';
import { LoopsModule } from './loops/loops.module.js';
import { PoliciesModule } from './policies/policies.module.js';
import { PairsModule } from './pairs/pairs.module.js';
import { PromptsModule } from './prompts/prompts.module.js';
import { QualityModule } from './quality/quality.module.js';
import { RatingsModule } from './ratings/ratings.module.js';
import { RewardModule } from './reward/reward.module.js';
import { TrainingModule } from './training/training.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule,
        AuthModule,
        IdempotencyModule,
        WebhooksModule,
        HealthModule,
        JobsHttpModule,
        ArtifactsModule,
        PromptsModule,
        PoliciesModule,
        CompletionsModule,
        RatingsModule,
        LabelingModule,
        QualityModule,
        PairsModule,
        RewardModule,
        TrainingModule,
        ComparisonsModule,
        LoopsModule,
      ],
    };
  }
}
