import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { AdapterFilesService } from './adapter-files.service.js';
import { ArtifactStore } from './artifact-store.js';
import { Artifact } from './artifact.entity.js';
import { ArtifactsController } from './artifacts.controller.js';
import { ArtifactsRepository } from './artifacts.repository.js';
import { ArtifactsService } from './artifacts.service.js';
import { ContentsRepository } from './contents.repository.js';
import { ContentsService } from './contents.service.js';
import { LineageEdge } from './lineage-edge.entity.js';
import { LineageController } from './lineage.controller.js';
import { LineageRepository } from './lineage.repository.js';
import { LineageService } from './lineage.service.js';
import { LocalArtifactStore } from './local-artifact-store.js';
import { ModelFile, Model } from './model.entity.js';
import { ModelsController } from './models.controller.js';
import { ModelsRepository } from './models.repository.js';
import { ModelsService } from './models.service.js';
import { RunProgressStore } from './run-progress.store.js';
import { RunSave } from './run-save.entity.js';
import { RunSavesRepository } from './run-saves.repository.js';
import { StoreIdentity } from './store-identity.js';

const store = {
  provide: ArtifactStore,
  inject: [CONFIG],
  useFactory: (config: Config) => new LocalArtifactStore(config.artifactsDir),
};

@Module({
  imports: [DatabaseModule, TypeOrmModule.forFeature([Artifact, Model, ModelFile, LineageEdge, RunSave])],
  controllers: [ArtifactsController, ModelsController, LineageController],
  providers: [
    store,
    StoreIdentity,
    ArtifactsRepository,
    ArtifactsService,
    ContentsRepository,
    ContentsService,
    ModelsRepository,
    ModelsService,
    LineageRepository,
    LineageService,
    RunSavesRepository,
    RunProgressStore,
    AdapterFilesService,
  ],
  exports: [ArtifactStore, ArtifactsService, ModelsService, AdapterFilesService, LineageService, RunProgressStore],
})
export class ArtifactsModule {}
