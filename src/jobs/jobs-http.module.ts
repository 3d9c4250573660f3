import { Module } from '@nestjs/common';
import { JobsController } from './jobs.controller.js';
import { JobsModule } from './jobs.module.js';

/** The routes of jobs, for the API process only. */
@Module({ imports: [JobsModule], controllers: [JobsController] })
export class JobsHttpModule {}
