import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { LabelerWeightsRepository } from './labeler-weights.repository.js';
import { LabelerWeights } from './labeler-weights.js';
import { PairBuildRepository } from './pair-build.repository.js';
import { PairBuilder } from './pair-builder.js';
import { PairDiagnosticsRepository } from './pair-diagnostics.repository.js';
import { PairReader } from './pair-reader.js';
import { PairSet } from './pair-set.entity.js';
import { PairSetHandler } from './pair-set.handler.js';
import { PairSetsRepository } from './pair-sets.repository.js';

@Module({
  imports: [DatabaseModule, ArtifactsModule, TypeOrmModule.forFeature([PairSet])],
  providers: [PairSetsRepository, PairBuildRepository, PairDiagnosticsRepository, PairReader, PairBuilder, PairSetHandler, LabelerWeights, LabelerWeightsRepository],
  exports: [PairSetsRepository, PairReader],
})
export class PairsWorkerModule {}
