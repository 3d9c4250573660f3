import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '#src/auth/auth.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { EventsModule } from '#src/events/events.module.js';
import { RatingsModule } from '#src/ratings/ratings.module.js';
import { GoldDrawRepository } from './gold-draw.repository.js';
import { LabelerSessionsController } from './labeler-sessions.controller.js';
import { LabelerSessionsService } from './labeler-sessions.service.js';
import { LabelingBatch } from './labeling-batch.entity.js';
import { LabelingBatchesController } from './labeling-batches.controller.js';
import { LabelingBatchesRepository } from './labeling-batches.repository.js';
import { LabelingBatchesService } from './labeling-batches.service.js';
import { LabelingItem } from './labeling-item.entity.js';
import { LabelingItemsRepository } from './labeling-items.repository.js';
import { LabelingTask } from './labeling-task.entity.js';
import { LeasesService } from './leases.service.js';
import { TaskClaimsRepository } from './task-claims.repository.js';
import { TaskClaimsService } from './task-claims.service.js';
import { TaskCriteriaService } from './task-criteria.service.js';
import { TaskSubmissionsService } from './task-submissions.service.js';
import { TasksController } from './tasks.controller.js';
import { TasksRepository } from './tasks.repository.js';
import { TasksService } from './tasks.service.js';

@Module({
  imports: [AuthModule, DatabaseModule, EventsModule, RatingsModule, TypeOrmModule.forFeature([LabelingBatch, LabelingItem, LabelingTask])],
  controllers: [LabelingBatchesController, TasksController, LabelerSessionsController],
  providers: [
    LabelingBatchesRepository,
    LabelingItemsRepository,
    GoldDrawRepository,
    LabelingBatchesService,
    TasksRepository,
    TasksService,
    TaskClaimsRepository,
    TaskClaimsService,
    TaskSubmissionsService,
    TaskCriteriaService,
    LeasesService,
    LabelerSessionsService,
  ],
  exports: [LabelingBatchesService],
})
export class LabelingModule {}
