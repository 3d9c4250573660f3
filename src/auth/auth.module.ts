import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '#src/database/database.module.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeysController, MeController } from './api-keys.controller.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditModule } from './audit/audit.module.js';
import { Refusals } from './audit/refusals.js';
import { AuthGuard } from './auth.guard.js';
import { Doorkeeper } from './doorkeeper.js';
import { VendorKeysController } from './vendors/vendor-keys.controller.js';
import { VendorKeysService } from './vendors/vendor-keys.service.js';
import { Vendor } from './vendors/vendor.entity.js';
import { VendorsController } from './vendors/vendors.controller.js';
import { VendorsRepository } from './vendors/vendors.repository.js';
import { VendorsService } from './vendors/vendors.service.js';

@Module({
  imports: [DatabaseModule, TypeOrmModule.forFeature([ApiKey, Vendor]), AuditModule],
  controllers: [ApiKeysController, MeController, VendorsController, VendorKeysController, AuditController],
  providers: [
    ApiKeysRepository,
    ApiKeysService,
    VendorsRepository,
    VendorsService,
    VendorKeysService,
    Refusals,
    Doorkeeper,
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [ApiKeysService, Doorkeeper, VendorsService],
})
export class AuthModule {}
