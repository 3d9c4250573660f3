import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Worker } from 'bullmq';
import { Complaints } from './complaints.js';
import { resolveHandlers, type AnyHandler, type FoundHandler, type Handlers } from './handler-registry.js';
import { handlesJobKey } from './job-handler.js';
import { JobRunner } from './job-runner.js';
import type { QueueName } from './job-types.js';
import { SERVED_QUEUES } from './lease-keeper.js';
import { QUEUE_CONNECTION, type QueueConnection } from './queue-connection.js';

/** A handler that has not stopped after this long loses its job without being waited for. */
const graceMs = 5000;

/** One BullMQ worker per queue, each with one job at a time: one model job already uses all cores. */
@Injectable()
export class JobsWorker implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Jobs');
  private readonly complaints = new Complaints(this.logger);
  private workers: Pick<Worker, 'close'>[] = [];
  private handlers: Handlers = new Map();

  constructor(
    @Inject(SERVED_QUEUES) private readonly queues: readonly QueueName[],
    @Inject(QUEUE_CONNECTION) private readonly queue: QueueConnection,
    private readonly discovery: DiscoveryService,
    private readonly runner: JobRunner,
  ) {}

  /** @throws HandlerError, which keeps the process from booting */
  onModuleInit(): void {
    this.handlers = resolveHandlers(this.queues, this.findHandlers());
  }

  onApplicationBootstrap(): void {
    this.workers = this.queues.map((name) => this.serve(name));
    this.logger.log(`serving the queues ${this.queues.join(', ')}`);
  }

  async beforeApplicationShutdown(): Promise<void> {
    // Closing stops the taking of jobs at once and waits for those taken, which the runner then ends.
    const closing = this.workers.map((worker) => worker.close());
    await this.runner.shutdown(graceMs);
    const timer = setTimeout(() => this.workers.forEach((worker) => void worker.close(true)), graceMs);
    await Promise.allSettled(closing);
    clearTimeout(timer);
  }

  private serve(name: QueueName): Pick<Worker, 'close'> {
    const run = (message: { data: { jobId: string } }) => this.runner.run(message.data.jobId, this.handlers);
    const { connection, backend } = this.queue;
    // The lease in the database decides whose job it is; the queue's own lock only has to outlast long steps.
    const options = { connection, concurrency: 1, lockDuration: 60_000, maxStalledCount: 1000 };
    const worker = new Worker(name, run, options, backend);
    worker.on('error', (error) => this.complaints.warn(`queue ${name}`, error));
    worker.on('failed', (_, error) => this.logger.warn(`a message of queue ${name} was not processed: ${error.message}`));
    return worker;
  }

  private findHandlers(): FoundHandler[] {
    return this.discovery.getProviders().flatMap(({ metatype, instance }) => {
      const type: unknown = metatype && instance && Reflect.getMetadata(handlesJobKey, metatype);
      if (typeof type !== 'string') return [];
      return [{ type, className: metatype!.name, handler: instance as AnyHandler }];
    });
  }
}
