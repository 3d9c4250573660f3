import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArtifactsModule } from '#src/artifacts/artifacts.module.js';
import { AuditModule } from '#src/auth/audit/audit.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { EventsModule } from '#src/events/events.module.js';
import { PoliciesController, PolicyVersionsController } from './policies.controller.js';
import { PoliciesRepository } from './policies.repository.js';
import { PoliciesService } from './policies.service.js';
import { PolicyAlias, Policy, PolicyVersion } from './policy.entity.js';
import { PolicyVersionsRepository } from './policy-versions.repository.js';
import { PolicyVersionsService } from './policy-versions.service.js';
import { UploadedModelsService } from './uploaded-models.service.js';

@Module({
  imports: [AuditModule, EventsModule, DatabaseModule, ArtifactsModule, TypeOrmModule.forFeature([Policy, PolicyVersion, PolicyAlias])],
  controllers: [PoliciesController, PolicyVersionsController],
  providers: [PoliciesRepository, PoliciesService, PolicyVersionsRepository, PolicyVersionsService, UploadedModelsService],
  exports: [PoliciesService, PolicyVersionsService, UploadedModelsService],
})
export class PoliciesModule {}
