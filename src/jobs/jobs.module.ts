import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '#src/database/database.module.js';
import { EventsModule } from '#src/events/events.module.js';
import { CurvesService } from './curves.service.js';
import { JobEvent, Job, JobLog, JobMetric, OutboxMessage } from './job.entity.js';
import { JobLeasesRepository } from './job-leases.repository.js';
import { JobRecordsRepository } from './job-records.repository.js';
import { JobSignals } from './job-signals.js';
import { queueNames } from './job-types.js';
import { JobsRepository } from './jobs.repository.js';
import { JobsService } from './jobs.service.js';
import { LeaseReaper } from './lease-reaper.js';
import { OutboxRelay, queuesProvider } from './outbox-relay.js';
import { OutboxRepository } from './outbox.repository.js';
import { QueueGeneration } from './queue-generation.js';
import { QUEUE_CONNECTION, QueueConnectionModule, type QueueConnection } from './queue-connection.js';
import { WorkerRow } from './worker.entity.js';
import { WorkersRepository } from './workers.repository.js';

/** For every process: starts and reads jobs, relays their messages to the queue, and reclaims lost jobs. */
@Module({
  imports: [
    DatabaseModule,
    EventsModule,
    TypeOrmModule.forFeature([Job, OutboxMessage, JobEvent, JobLog, JobMetric, WorkerRow]),
    QueueConnectionModule,
    BullModule.forRootAsync({
      imports: [QueueConnectionModule],
      inject: [QUEUE_CONNECTION],
      useFactory: ({ connection }: QueueConnection) => ({ connection }),
    }),
    BullModule.registerQueue(...queueNames.map((name) => ({ name }))),
  ],
  providers: [
    JobsRepository,
    JobLeasesRepository,
    JobRecordsRepository,
    OutboxRepository,
    JobSignals,
    JobsService,
    CurvesService,
    queuesProvider,
    OutboxRelay,
    QueueGeneration,
    LeaseReaper,
    WorkersRepository,
  ],
  exports: [JobsService, CurvesService, JobsRepository, JobLeasesRepository, JobRecordsRepository, JobSignals, WorkersRepository, DatabaseModule],
})
export class JobsModule {}
