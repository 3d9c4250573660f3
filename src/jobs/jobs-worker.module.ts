import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { parseQueues } from './handler-registry.js';
import { JobRunner } from './job-runner.js';
import { JobsWorker } from './jobs-worker.js';
import { JobsModule } from './jobs.module.js';
import { LeaseKeeper, SERVED_QUEUES } from './lease-keeper.js';
import { QueueConnectionModule } from './queue-connection.js';

/** Makes a process a worker. Handlers are discovered among the providers of all modules. */
@Module({})
export class JobsWorkerModule {
  /**
   * @param queues names of the queues to serve
   * @throws HandlerError for a name that is no queue; the boot fails when a handler is missing or doubled
   */
  static forQueues(queues: readonly string[]): DynamicModule {
    return {
      module: JobsWorkerModule,
      imports: [JobsModule, DiscoveryModule, QueueConnectionModule],
      providers: [{ provide: SERVED_QUEUES, useValue: parseQueues(queues) }, JobRunner, LeaseKeeper, JobsWorker],
    };
  }
}
