import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { QueueName } from './job-types.js';
import { WorkerRow } from './worker.entity.js';

/** Live workers. All times are the database's. */
@Injectable()
export class WorkersRepository {
  constructor(@InjectRepository(WorkerRow) private readonly rows: Repository<WorkerRow>) {}

  /** Oldest first. One row per process, so no paging is needed. */
  list(): Promise<WorkerRow[]> {
    return this.rows.createQueryBuilder('worker').where('worker.expiresAt > now()').orderBy('worker.startedAt').addOrderBy('worker.id').getMany();
  }

  async servedQueues(): Promise<ReadonlySet<QueueName>> {
    const rows = await this.rows.query<{ queue: QueueName }[]>('SELECT DISTINCT unnest(queues) AS queue FROM workers WHERE expires_at > now()');
    return new Set(rows.map(({ queue }) => queue));
  }
}
