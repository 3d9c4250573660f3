import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { JobsController } from './jobs.controller.js';
import { JobsModule } from './jobs.module.js';
import { WaitingForInterceptor } from './waiting-for.interceptor.js';
import { WorkersController } from './workers.controller.js';

/** The routes of jobs, for the API process only. */
@Module({
  imports: [JobsModule],
  controllers: [JobsController, WorkersController],
  providers: [{ provide: APP_INTERCEPTOR, useClass: WaitingForInterceptor }],
})
export class JobsHttpModule {}
