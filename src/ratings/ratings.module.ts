import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '#src/database/database.module.js';
import { EventsModule } from '#src/events/events.module.js';
import { CriteriaController } from './criteria.controller.js';
import { CriteriaRepository } from './criteria.repository.js';
import { CriteriaService } from './criteria.service.js';
import { CriterionVersion } from './criterion-version.entity.js';
import { Criterion } from './criterion.entity.js';
import { GoldItem } from './gold-item.entity.js';
import { GoldItemsController } from './gold-items.controller.js';
import { GoldItemsRepository } from './gold-items.repository.js';
import { GoldItemsService } from './gold-items.service.js';
import { Labeler } from './labeler.entity.js';
import { LabelersController } from './labelers.controller.js';
import { LabelersRepository } from './labelers.repository.js';
import { LabelersService } from './labelers.service.js';
import { PreferenceRank } from './preference-rank.entity.js';
import { Preference } from './preference.entity.js';
import { PreferencesController } from './preferences.controller.js';
import { PreferencesRepository } from './preferences.repository.js';
import { PreferencesService } from './preferences.service.js';
import { PublishedVersions } from './published-versions.js';
import { Rating } from './rating.entity.js';
import { RatingsController } from './ratings.controller.js';
import { RatingsRepository } from './ratings.repository.js';
import { RatingsService } from './ratings.service.js';
import { ReferencesRepository } from './references.repository.js';
import { ReferencesService } from './references.service.js';
import { TaskAnswersService } from './task-answers.service.js';

@Module({
  imports: [DatabaseModule, EventsModule, TypeOrmModule.forFeature([Criterion, CriterionVersion, Labeler, Rating, Preference, PreferenceRank, GoldItem])],
  controllers: [CriteriaController, LabelersController, RatingsController, PreferencesController, GoldItemsController],
  providers: [
    CriteriaRepository,
    CriteriaService,
    LabelersRepository,
    LabelersService,
    PublishedVersions,
    ReferencesRepository,
    ReferencesService,
    RatingsRepository,
    RatingsService,
    PreferencesRepository,
    PreferencesService,
    TaskAnswersService,
    GoldItemsRepository,
    GoldItemsService,
  ],
  exports: [CriteriaService, LabelersService, RatingsService, TaskAnswersService],
})
export class RatingsModule {}
