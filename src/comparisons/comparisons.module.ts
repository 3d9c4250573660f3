import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { RatingsModule } from '#src/ratings/ratings.module.js';
import { TrainingModule } from '#src/training/training.module.js';
import { ComparisonItem, Comparison, ComparisonJudgement } from './comparison.entity.js';
import { ComparisonsController } from './comparisons.controller.js';
import { ComparisonsRepository } from './comparisons.repository.js';
import { ComparisonsService } from './comparisons.service.js';
import { JudgementsRepository } from './judgements.repository.js';
import { JudgementsService } from './judgements.service.js';

@Module({
  imports: [
    DatabaseModule,
    TypeOrmModule.forFeature([Comparison, ComparisonItem, ComparisonJudgement]),
    JobsModule,
    ArtifactsModule,
    RatingsModule,
    TrainingModule,
  ],
  controllers: [ComparisonsController],
  providers: [ComparisonsRepository, ComparisonsService, JudgementsRepository, JudgementsService],
  exports: [ComparisonsRepository, ComparisonsService],
})
export class ComparisonsModule {}
