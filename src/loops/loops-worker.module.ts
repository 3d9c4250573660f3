import { Module } from '@nestjs/common';
import { JobsModule } from '#src/jobs/jobs.module.js';
import { LoopPoller } from './loop-poller.js';
import { LoopsModule } from './loops.module.js';

/** Moves loops on. */
@Module({ imports: [LoopsModule, JobsModule], providers: [LoopPoller] })
export class LoopsWorkerModule {}
