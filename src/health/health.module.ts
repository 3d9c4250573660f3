import { Module } from '@nestjs/common';
import { DatabaseModule } from '#src/database/database.module.js';
import { HealthController } from './health.controller.js';
import { createMetrics, METRICS } from './metrics.js';

@Module({
  imports: [DatabaseModule],
  controllers: [HealthController],
  providers: [{ provide: METRICS, useFactory: createMetrics }],
  exports: [METRICS],
})
export class HealthModule {}
