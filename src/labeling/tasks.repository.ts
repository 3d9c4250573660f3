import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import type { LabelingBatchState, LabelingMode } from './labeling-batch.entity.js';
import { LabelingTask } from './labeling-task.entity.js';
import { hasTask, replacements } from './task-sql.js';
import type { TaskState } from './task-state.js';

export interface TaskRow {
  id: string;
  batchId: string;
  batchState: LabelingBatchState;
  mode: LabelingMode;
  criterionVersionId: string;
  state: TaskState;
  labelerId: string | null;
  vendorId: string | null;
  leasedAt: Date | null;
  leaseExpiresAt: Date | null;
  finishedAt: Date | null;
  reason: string | null;
  prompt: { id: string; text: string };
  /** In the order shown. */
  completions: { id: string; text: string }[];
}

/** Columns of a `TaskRow` over a task `t` and `taskTables`. A lease that is over is over before anybody has looked. */
export const taskColumns = `
  t.id, t.batch_id AS "batchId", b.state AS "batchState", b.mode, b.criterion_version_id AS "criterionVersionId",
  CASE WHEN t.state = 'leased' AND t.lease_expires_at <= now() THEN 'expired' ELSE t.state END AS state,
  t.labeler_id AS "labelerId", t.vendor_id AS "vendorId", t.leased_at AS "leasedAt", t.lease_expires_at AS "leaseExpiresAt",
  t.finished_at AS "finishedAt", t.reason, json_build_object('id', q.id, 'text', q.text) AS prompt,
  (SELECT json_agg(json_build_object('id', c.id, 'text', c.text) ORDER BY shown.place)
   FROM unnest(t.completion_order) WITH ORDINALITY shown (id, place) JOIN completions c ON c.id = shown.id) AS completions`;

export const taskTables = `
  JOIN labeling_batches b ON b.id = t.batch_id
  JOIN labeling_items i ON i.id = t.item_id
  JOIN prompts q ON q.id = i.prompt_id`;

export interface TaskFilter {
  state?: TaskState;
  labelerId?: string;
}

@Injectable()
export class TasksRepository {
  constructor(@InjectRepository(LabelingTask) private readonly rows: Repository<LabelingTask>) {}

  /** @param vendorId who looks, and then at tasks of its labelers only; null sees all */
  async find(vendorId: string | null, id: string): Promise<TaskRow | undefined> {
    const [row]: TaskRow[] = await this.rows.query(
      `SELECT ${taskColumns} FROM labeling_tasks t ${taskTables} WHERE t.id = $1 AND ($2::uuid IS NULL OR t.vendor_id = $2)`,
      [id, vendorId],
    );
    return row;
  }

  page(vendorId: string | null, batchId: string, filter: TaskFilter, request: PageRequest): Promise<TaskRow[]> {
    return this.rows.query(
      `SELECT * FROM (SELECT ${taskColumns} FROM labeling_tasks t ${taskTables}
         WHERE t.batch_id = $1 AND ($2::uuid IS NULL OR t.vendor_id = $2) AND ($3::uuid IS NULL OR t.labeler_id = $3)
           AND ($4::uuid IS NULL OR t.id > $4)) task
       WHERE $5::text IS NULL OR state = $5 ORDER BY id LIMIT $6`,
      [batchId, vendorId, filter.labelerId ?? null, request.after, filter.state ?? null, request.limit + 1],
    );
  }

  /** When the lease then ends; undefined when it was over, or not there. */
  async extend(id: string, ttlSeconds: number): Promise<Date | undefined> {
    const rows: [{ leaseExpiresAt: Date }[], number] = await this.rows.query(
      `UPDATE labeling_tasks SET lease_expires_at = now() + make_interval(secs => $2) WHERE ${held}
       RETURNING lease_expires_at AS "leaseExpiresAt"`,
      [id, ttlSeconds],
    );
    return rows[0][0]?.leaseExpiresAt;
  }

  /** Ends a lease without a result and puts a new task in its place; false when the lease was over. */
  async giveBack(tx: Transaction, id: string, state: 'released' | 'skipped', reason: string | null): Promise<boolean> {
    const [{ ended }]: { ended: number }[] = await tx.query(
      `WITH ended AS (
         UPDATE labeling_tasks SET state = $2, reason = $3, finished_at = now() WHERE ${held} RETURNING item_id, slot),
       replaced AS (${replacements('ended')} RETURNING 1)
       SELECT count(*)::int AS ended FROM replaced`,
      [id, state, reason],
    );
    return ended === 1;
  }

  /**
   * The task has its result, when its lease still holds.
   *
   * @returns undefined when it does not; else when, and whether, as far as can be seen, other tasks of the batch are to be done
   */
  async complete(tx: Transaction, id: string): Promise<{ finishedAt: Date; more: boolean } | undefined> {
    const [rows]: [{ finishedAt: Date; more: boolean }[], number] = await tx.query(
      `UPDATE labeling_tasks done SET state = 'completed', finished_at = now() WHERE ${held}
       RETURNING done.finished_at AS "finishedAt",
         ${hasTask('done.batch_id', 'available')} OR ${hasTask('done.batch_id', 'leased', 't.id <> done.id')} AS more`,
      [id],
    );
    return rows[0];
  }

  /** Whether it is the last that its labeler completed in the batch; the row stays locked, so that corrections queue up. */
  async lockLastCompleted(tx: Transaction, id: string): Promise<boolean> {
    const [{ last }]: { last: boolean }[] = await tx.query(
      `SELECT NOT EXISTS (SELECT FROM labeling_tasks later WHERE later.batch_id = t.batch_id AND later.labeler_id = t.labeler_id
                            AND later.state = 'completed' AND later.finished_at > t.finished_at) AS last
       FROM labeling_tasks t WHERE t.id = $1 FOR UPDATE OF t`,
      [id],
    );
    return last;
  }

  /** Batches with leases that are over. */
  async batchesWithExpired(): Promise<string[]> {
    const rows: { id: string }[] = await this.rows.query(
      `SELECT DISTINCT batch_id AS id FROM labeling_tasks WHERE state = 'leased' AND lease_expires_at <= now()`,
    );
    return rows.map((row) => row.id);
  }

  /** Ends up to `limit` leases that are over and puts new tasks in their place; those in other hands are passed over. */
  async expire(tx: Transaction, batchId: string, limit: number): Promise<number> {
    const [{ ended }]: { ended: number }[] = await tx.query(
      `WITH over AS (
         SELECT id FROM labeling_tasks WHERE batch_id = $1 AND state = 'leased' AND lease_expires_at <= now()
         ORDER BY lease_expires_at LIMIT $2 FOR UPDATE SKIP LOCKED),
       ended AS (
         UPDATE labeling_tasks t SET state = 'expired', finished_at = t.lease_expires_at WHERE t.id = ANY (ARRAY(SELECT id FROM over))
         RETURNING t.item_id, t.slot),
       replaced AS (${replacements('ended')} RETURNING 1)
       SELECT count(*)::int AS ended FROM replaced`,
      [batchId, limit],
    );
    return ended;
  }
}

const held = `id = $1 AND state = 'leased' AND lease_expires_at > now()`;
