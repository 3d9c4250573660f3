import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Poller } from '#src/common/poller.js';
import { Database } from '#src/database/database.js';
import { Complaints } from './complaints.js';
import { concludeSilence } from './job-conclusion.js';
import { JobLeasesRepository } from './job-leases.repository.js';
import { JobsRepository } from './jobs.repository.js';

/** Takes jobs back from workers that stopped sending heartbeats. Runs in every process; each job is handled by one. */
@Injectable()
export class LeaseReaper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Jobs');
  private readonly poller: Poller;

  constructor(
    private readonly database: Database,
    private readonly jobs: JobsRepository,
    leases: JobLeasesRepository,
  ) {
    const complaints = new Complaints(this.logger);
    this.poller = new Poller({
      everyMs: Math.min(5000, leases.leaseMs / 3),
      look: () => this.reap().then(() => false),
      failed: (error) => complaints.warn('expired leases were not checked', error),
    });
  }

  onApplicationBootstrap(): void {
    this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.poller.stop();
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
