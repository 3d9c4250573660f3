// The job process: the handlers of the chosen queues, and no controllers.
import { type DynamicModule, Module } from '@nestjs/common';
import { ComparisonsWorkerModule } from './comparisons/comparisons-worker.module.js';
import { CompletionsWorkerModule } from './completions/completions-worker.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { JobsWorkerModule } from './jobs/jobs-worker.module.js';
import { LoopsWorkerModule } from './loops/loops-worker.module.js';
import { PairsWorkerModule } from './pairs/pairs-worker.module.js';
import { RewardWorkerModule } from './reward/reward-worker.module.js';
import { TrainingWorkerModule } from './training/training-worker.module.js';
import { WebhooksWorkerModule } from './webhooks/webhooks-worker.module.js';

@Module({})
export class WorkerModule {
  static forRoot(config: Config, queues: readonly string[]): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule,
        JobsWorkerModule.forQueues(queues),
        WebhooksWorkerModule,
        CompletionsWorkerModule,
        PairsWorkerModule,
        RewardWorkerModule,
        TrainingWorkerModule,
        ComparisonsWorkerModule,
        LoopsWorkerModule,
      ],
    };
  }
}
