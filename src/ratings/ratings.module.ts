import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '#src/database/database.module.js';
import { BulkRatingsRepository } from './bulk-ratings.repository.js';
import { CriteriaController } from './criteria.controller.js';
import { CriteriaRepository } from './criteria.repository.js';
import { CriteriaService } from './criteria.service.js';
import { CriterionVersion } from './criterion-version.entity.js';
import { Criterion } from './criterion.entity.js';
import { Labeler } from './labeler.entity.js';
import { LabelersController } from './labelers.controller.js';
import { LabelersRepository } from './labelers.repository.js';
import { LabelersService } from './labelers.service.js';
import { PreferenceRank } from './preference-rank.entity.js';
import { Preference } from './preference.entity.js';
import { PreferencesRepository } from './preferences.repository.js';
import { PublishedVersions } from './published-versions.js';
import { RatingIngestService } from './rating-ingest.service.js';
import { Rating } from './rating.entity.js';
import { RatingsController } from './ratings.controller.js';
import { RatingsRepository } from './ratings.repository.js';
import { RatingsService } from './ratings.service.js';
import { TaskAnswersService } from './task-answers.service.js';

@Module({
  imports: [DatabaseModule, TypeOrmModule.forFeature([Criterion, CriterionVersion, Labeler, Rating, Preference, PreferenceRank])],
  controllers: [CriteriaController, LabelersController, RatingsController],
  providers: [
    CriteriaRepository,
    CriteriaService,
    LabelersRepository,
    LabelersService,
    PublishedVersions,
    RatingsRepository,
    BulkRatingsRepository,
    RatingsService,
    RatingIngestService,
    PreferencesRepository,
    TaskAnswersService,
  ],
  exports: [CriteriaService, LabelersService, RatingsService, TaskAnswersService],
})
export class RatingsModule {}
