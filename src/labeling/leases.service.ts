// Leases that run out come back: a sweep in every API process, each lease ended by one of them. The sweep also sees
// to it that a batch whose last two results came at the same moment is declared complete.
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Poller } from '#src/common/poller.js';
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
  private readonly poller = new Poller({
    everyMs,
    look: () => this.sweep().then(() => false),
    failed: (error) => this.logger.warn(`leases were not checked: ${error.message}`),
  });

  constructor(
    private readonly database: Database,
    private readonly tasks: TasksRepository,
    private readonly batches: LabelingBatchesRepository,
    private readonly batchesService: LabelingBatchesService,
  ) {}

  onApplicationBootstrap(): void {
    this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.poller.stop();
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
