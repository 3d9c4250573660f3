import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { CONFIG } from '#src/config/config.module.js';
import type { Config } from '#src/config/config.js';
import { Database } from '#src/database/database.js';
import { channels } from './job-signals.js';
import type { JobState } from './job-state.js';
import { Job } from './job.entity.js';
import { JobsRepository } from './jobs.repository.js';

export interface ProgressUpdate {
  phase: string | null;
  completed: number;
  total: number | null;
  unit: string | null;
  etaSeconds: number | null;
}

/** A worker's hold on a job. All times are the database's, so that hosts need not agree on the time. */
@Injectable()
export class JobLeasesRepository {
  constructor(
    @InjectRepository(Job) private readonly jobs: Repository<Job>,
    private readonly database: Database,
    private readonly repository: JobsRepository,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  get leaseMs(): number {
    return this.config.jobLeaseSeconds * 1000;
  }

  /** Takes the job if it is queued; null when it is not, for instance because its message came twice. */
  claim(id: string, leaseOwner: string): Promise<Job | null> {
    return this.database.transaction(async (tx) => {
      const job = await this.repository.lock(tx, id);
      if (job?.state !== 'queued') return null;
      return this.repository.change(tx, job, 'claim', 'started', {
        leaseOwner,
        leaseExpiresAt: () => `now() + make_interval(secs => ${this.config.jobLeaseSeconds})`,
        attempt: job.attempt + 1,
        startedAt: job.startedAt ?? (() => 'now()'),
        phase: null,
        error: null,
        progressEtaSeconds: null,
      });
    });
  }

  /** The attempt that holds the lease becomes the first one. */
  async countAttemptsAnew(id: string, leaseOwner: string): Promise<void> {
    await this.jobs.query('UPDATE jobs SET attempt = 1 WHERE id = $1 AND lease_owner = $2', [id, leaseOwner]);
  }

  /** @returns the job's state, or undefined when that attempt no longer holds the lease */
  async renew(id: string, leaseOwner: string): Promise<JobState | undefined> {
    const [rows] = await this.jobs.query<[{ state: JobState }[], number]>(
      `UPDATE jobs SET lease_expires_at = now() + make_interval(secs => $3)
       WHERE id = $1 AND lease_owner = $2 RETURNING state`,
      [id, leaseOwner, this.config.jobLeaseSeconds],
    );
    return rows[0]?.state;
  }

  /** Writes progress and renews the lease in one round trip. */
  async saveProgress(id: string, leaseOwner: string, progress: ProgressUpdate): Promise<JobState | undefined> {
    const rows = await this.jobs.query<{ state: JobState }[]>(
      `WITH changed AS (
         UPDATE jobs SET phase = $4, progress_completed = $5, progress_total = $6, progress_unit = $7,
           progress_eta_seconds = $8, version = version + 1, updated_at = now(),
           lease_expires_at = now() + make_interval(secs => $3)
         WHERE id = $1 AND lease_owner = $2 RETURNING state)
       SELECT state, pg_notify($9, $1::text) FROM changed`,
      [
        id,
        leaseOwner,
        this.config.jobLeaseSeconds,
        progress.phase,
        progress.completed,
        progress.total,
        progress.unit,
        progress.etaSeconds,
        channels.job,
      ],
    );
    return rows[0]?.state;
  }
}
