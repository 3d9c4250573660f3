import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { JobType, QueueName } from './job-types.js';
import { OutboxMessage } from './job.entity.js';

export interface WaitingMessage {
  id: string;
  jobId: string;
  queue: QueueName;
  name: JobType;
  /** Attempts already begun. */
  attempt: number;
  /** The last attempt ended with an error. */
  failed: boolean;
}

@Injectable()
export class OutboxRepository {
  constructor(@InjectRepository(OutboxMessage) private readonly messages: Repository<OutboxMessage>) {}

  /**
   * Sends up to `limit` waiting messages, oldest first, and marks them sent. Messages in the hands of
   * another process are passed over; when sending fails, or this process dies, they wait as before.
   *
   * @returns how many were sent
   */
  dispatch(limit: number, send: (message: WaitingMessage) => Promise<void>): Promise<number> {
    return this.messages.manager.transaction(async (tx) => {
      const waiting = await tx.query<WaitingMessage[]>(
        `SELECT m.id, m.job_id AS "jobId", m.queue, m.name, j.attempt, j.error IS NOT NULL AS failed
         FROM outbox m JOIN jobs j ON j.id = m.job_id
         WHERE m.dispatched_at IS NULL ORDER BY m.id LIMIT $1 FOR UPDATE OF m SKIP LOCKED`,
        [limit],
      );
      if (waiting.length === 0) return 0;
      for (const message of waiting) await send(message);
      await tx.query('UPDATE outbox SET dispatched_at = now() WHERE id = ANY($1)', [waiting.map(({ id }) => id)]);
      return waiting.length;
    });
  }

  /** Requeues messages that were sent a while ago and whose job is still unclaimed. */
  async reviveLost(afterSeconds: number): Promise<void> {
    await this.messages.query(
      `UPDATE outbox m SET dispatched_at = NULL FROM jobs j
       WHERE j.id = m.job_id AND j.state = 'queued' AND m.dispatched_at < now() - make_interval(secs => $1)`,
      [afterSeconds],
    );
  }
}
