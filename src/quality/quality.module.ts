import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '#src/auth/audit/audit.module.js';
import { DatabaseModule } from '#src/database/database.module.js';
import { LabelingModule } from '#src/labeling/labeling.module.js';
import { Preference } from '#src/ratings/preference.entity.js';
import { Rating } from '#src/ratings/rating.entity.js';
import { RatingsModule } from '#src/ratings/ratings.module.js';
import { AgreementController } from './agreement.controller.js';
import { AgreementRepository } from './agreement.repository.js';
import { AgreementService } from './agreement.service.js';
import { LabelerQualityController } from './labeler-quality.controller.js';
import { LabelerQualityRepository } from './labeler-quality.repository.js';
import { LabelerQualityService } from './labeler-quality.service.js';
import { Pilot } from './pilot.entity.js';
import { PilotsController } from './pilots.controller.js';
import { PilotsRepository } from './pilots.repository.js';
import { PilotsService } from './pilots.service.js';
import { PreferenceTimesRepository } from './preference-times.repository.js';
import { PublishingController } from './publishing.controller.js';
import { PublishingService } from './publishing.service.js';

@Module({
  imports: [DatabaseModule, AuditModule, RatingsModule, LabelingModule, TypeOrmModule.forFeature([Rating, Preference, Pilot])],
  controllers: [AgreementController, LabelerQualityController, PilotsController, PublishingController],
  providers: [
    AgreementRepository,
    AgreementService,
    LabelerQualityRepository,
    LabelerQualityService,
    PilotsRepository,
    PilotsService,
    PreferenceTimesRepository,
    PublishingService,
  ],
})
export class QualityModule {}
