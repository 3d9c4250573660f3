// Leases that run out come back: a sweep in every API process, each lease ended by one of them. The sweep also sees
// to it that a batch whose last two results came at the same moment is declared complete.
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Database } from '#src/database/database.js';
import { LabelingBatchesRepository } from './labeling-batches.repository.js';
import { LabelingBatchesService } from './labeling-batches.service.js';
import { TasksRepository } from './tasks.repository.js';

const everyMs = 1000;
/** Leases ended in one transaction. */
const chunk = 500;

@Injectable()
export class LeasesService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Labeling');
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  private idle = true;

  constructor(
    private readonly database: Database,
    private readonly tasks: TasksRepository,
    private readonly batches: LabelingBatchesRepository,
    private readonly batchesService: LabelingBatchesService,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      if (!this.idle) return;
      this.idle = false;
      this.sweeping = this.sweep()
        .catch((error: Error) => this.logger.warn(`leases were not looked at: ${error.message}`))
        .finally(() => (this.idle = true));
    }, everyMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  async sweep(): Promise<void> {
    for (const id of await this.tasks.batchesWithExpired()) await this.expire(id);
    for (const id of await this.batches.finished()) await this.batchesService.completeIfDone(id);
  }

  /** Ends the leases of a batch that are over; how many were ended here. */
  async expire(batchId: string): Promise<number> {
    for (let total = 0; ; ) {
      const ended = await this.database.transaction(async (tx) => {
        if ((await this.batches.lockState(tx, batchId)) !== 'open') return 0;
        return this.tasks.expire(tx, batchId, chunk);
      });
      total += ended;
      if (ended < chunk) return total;
    }
  }
}
