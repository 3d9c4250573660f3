// The API process: every room of the pipeline with its controllers, and no model code.
import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import { IdempotencyModule } from './auth/idempotency.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { PromptsModule } from './prompts/prompts.module.js';

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
        HealthModule,
        PromptsModule,
      ],
    };
  }
}
