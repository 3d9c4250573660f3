import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '#src/database/database.module.js';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { RatingsModule } from '#src/ratings/ratings.module.js';
import { PairBuildRepository } from './pair-build.repository.js';
import { PairReader } from './pair-reader.js';
import { PairSet } from './pair-set.entity.js';
import { PairSetsController } from './pair-sets.controller.js';
import { PairSetsRepository } from './pair-sets.repository.js';
import { PairSetsService } from './pair-sets.service.js';

@Module({
  imports: [DatabaseModule, JobsModule, RatingsModule, TypeOrmModule.forFeature([PairSet])],
  controllers: [PairSetsController],
  providers: [PairSetsRepository, PairBuildRepository, PairReader, PairSetsService],
  exports: [PairSetsService, PairSetsRepository, PairReader],
})
export class PairsModule {}
