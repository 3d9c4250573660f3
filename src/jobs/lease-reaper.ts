import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Database } from '#src/database/database.js';
import { Complaints } from './complaints.js';
import { concludeSilence } from './job-conclusion.js';
import { JobLeasesRepository } from './job-leases.repository.js';
import { JobsRepository } from './jobs.repository.js';

/** Takes jobs back from workers that stopped sending heartbeats. Runs in every process; each job is handled by one. */
@Injectable()
export class LeaseReaper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Jobs');
  private readonly complaints = new Complaints(this.logger);
  private timer: NodeJS.Timeout | undefined;
  private reaping: Promise<void> = Promise.resolve();
  private idle = true;

  constructor(
    private readonly database: Database,
    private readonly jobs: JobsRepository,
    private readonly leases: JobLeasesRepository,
  ) {}

  onApplicationBootstrap(): void {
    const everyMs = Math.min(5000, this.leases.leaseMs / 3);
    this.timer = setInterval(() => {
      if (!this.idle) return;
      this.idle = false;
      this.reaping = this.reap()
        .catch((error: Error) => this.complaints.warn('expired leases were not checked', error))
        .finally(() => (this.idle = true));
    }, everyMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.reaping;
  }

  async reap(): Promise<void> {
    await this.database.transaction(async (tx) => {
      for (const job of await this.jobs.lockExpired(tx, 20)) {
        const { action, event, set } = concludeSilence(job);
        await this.jobs.change(tx, job, action, event, { ...set, progressEtaSeconds: null });
        this.logger.warn(`job ${job.id} (${job.type}): its worker ${job.leaseOwner} stopped sending heartbeats, ${event}`);
      }
    });
  }
}
