import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Between, MoreThan, Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import { JobEvent, JobLog, JobMetric } from './job.entity.js';
import type { JobLogLevel } from './job-handler.js';

export interface StepBounds {
  /** Both included. */
  from?: number;
  to?: number;
}

const maxStep = 2_147_483_647;

/** Records of a running job: events, log lines and metrics, all append-only and in order. */
@Injectable()
export class JobRecordsRepository {
  constructor(
    @InjectRepository(JobEvent) private readonly events: Repository<JobEvent>,
    @InjectRepository(JobLog) private readonly logs: Repository<JobLog>,
    @InjectRepository(JobMetric) private readonly metrics: Repository<JobMetric>,
  ) {}

  /** @param afterId id of the last event seen, '0' for all */
  eventsAfter(jobId: string, afterId: string, limit: number): Promise<JobEvent[]> {
    return this.events.find({ where: { jobId, id: MoreThan(afterId) }, order: { id: 'ASC' }, take: limit });
  }

  listLogs(jobId: string, page: PageRequest): Promise<JobLog[]> {
    const id = MoreThan(page.after ?? '0');
    return this.logs.find({ where: { jobId, id }, order: { id: 'ASC' }, take: page.limit + 1 });
  }

  /** Steps greater than `page.after`, within bounds. */
  async listMetrics(jobId: string, page: PageRequest, { from = 0, to = maxStep }: StepBounds = {}): Promise<JobMetric[]> {
    const first = Math.max(from, Number(page.after ?? -1) + 1);
    // Beyond the last step that the column can hold.
    if (first > maxStep) return [];
    const step = Between(first, to);
    return this.metrics.find({ where: { jobId, step }, order: { step: 'ASC' }, take: page.limit + 1 });
  }

  /** First and last step with metrics, within bounds; null when there is none. */
  async stepRange(jobId: string, { from = 0, to = maxStep }: StepBounds): Promise<{ first: number; last: number } | null> {
    const [row] = await this.metrics.query<{ first: number | null; last: number | null }[]>(
      'SELECT min(step) AS first, max(step) AS last FROM job_metrics WHERE job_id = $1 AND step BETWEEN $2 AND $3',
      [jobId, from, to],
    );
    return row.first === null || row.last === null ? null : { first: row.first, last: row.last };
  }

  /** The metrics of all steps within bounds, some thousand rows at a time. */
  async *walkMetrics(jobId: string, { first, last }: { first: number; last: number }): AsyncGenerator<JobMetric> {
    const rowsAtOnce = 2000;
    for (let after = first - 1; ; ) {
      const rows = await this.metrics.find({ where: { jobId, step: Between(after + 1, last) }, order: { step: 'ASC' }, take: rowsAtOnce });
      yield* rows;
      if (rows.length < rowsAtOnce) return;
      after = rows[rows.length - 1].step;
    }
  }

  async addLog(jobId: string, level: JobLogLevel, message: string): Promise<void> {
    await this.logs.insert({ jobId, level, message });
  }

  /** Keeps the metrics of a step, unless that attempt no longer holds the lease. */
  async putMetrics(jobId: string, leaseOwner: string, step: number, values: Record<string, number>): Promise<void> {
    // JSON.stringify turns what is not finite into null.
    await this.metrics.query(
      `INSERT INTO job_metrics (job_id, step, values)
       SELECT id, $3, $4 FROM jobs WHERE id = $1 AND lease_owner = $2
       ON CONFLICT (job_id, step) DO UPDATE SET values = excluded.values, created_at = now()`,
      [jobId, leaseOwner, step, JSON.stringify(values)],
    );
  }
}
