import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { LabelerName } from './labeler-name.js';
import { taskColumns, taskTables, type TaskRow } from './tasks.repository.js';

export interface Claim {
  batchId: string;
  labeler: LabelerName;
  vendorId: string | null;
  k: number;
  ttlSeconds: number;
}

/** Bounds of the sort keys, which are any integers. */
const [lowest, size] = [-(2 ** 31), 2 ** 32];

@Injectable()
export class TaskClaimsRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Leases up to `k` tasks in one statement, hence atomically and in one round trip. It walks the queue from
   * `start`, around its end if need be, over rows that nobody else holds; other claims start elsewhere, so that they
   * neither wait for one another nor step over one another's rows. No item twice, neither with what the labeler has
   * had nor within the claim. Fewer than `k` come when fewer are left, or where an item stood twice in the walk.
   * The chosen ones are an array, since of a join the planner expects so many rows that it reads the whole table.
   * A lease begins by the clock, not by `now()`, which on a busy server may lie before the end of the lease whose place it takes.
   *
   * @throws QueryFailedError unique `labeling_tasks_once`, when the same labeler's other claim took the same item
   */
  claim({ batchId, labeler, vendorId, k, ttlSeconds }: Claim): Promise<TaskRow[]> {
    const start = lowest + Math.floor(Math.random() * size);
    return this.dataSource.query(
      `WITH me AS MATERIALIZED (
         SELECT l.id, l.vendor_id, clock_timestamp() AS at FROM labelers l
         WHERE ${'id' in labeler ? 'l.id' : 'l.external_id'} = $2 AND l.vendor_id IS NOT DISTINCT FROM $3::uuid
           AND EXISTS (SELECT FROM labeling_batches b WHERE b.id = $1 AND b.state = 'open'
                         AND ($3::uuid IS NULL OR $3 = ANY(b.vendor_ids)))),
       ahead AS MATERIALIZED (${walk('t.sort_key >= $6', '$4::int')}),
       behind AS MATERIALIZED (${walk('t.sort_key < $6', '$4::int - (SELECT count(*) FROM ahead)')}),
       chosen AS (SELECT DISTINCT ON (item_id) id FROM (SELECT * FROM ahead UNION ALL SELECT * FROM behind) walked),
       claimed AS (
         UPDATE labeling_tasks t
         SET state = 'leased', labeler_id = me.id, vendor_id = me.vendor_id, leased_at = me.at,
             lease_expires_at = me.at + make_interval(secs => $5)
         FROM me WHERE t.id = ANY (ARRAY(SELECT id FROM chosen))
         RETURNING t.*)
       SELECT ${taskColumns} FROM claimed t ${taskTables} ORDER BY t.sort_key`,
      [batchId, 'id' in labeler ? labeler.id : labeler.externalId, vendorId, k, ttlSeconds, start],
    );
  }
}

/** `OFFSET 0` keeps the planner from joining with all that the labeler has had: one probe of an index per row is less. */
function walk(range: string, limit: string): string {
  return `
    SELECT t.id, t.item_id FROM labeling_tasks t
    WHERE t.batch_id = $1 AND t.state = 'available' AND ${range} AND EXISTS (SELECT FROM me)
      AND NOT EXISTS (SELECT FROM labeling_tasks mine WHERE mine.item_id = t.item_id AND mine.labeler_id = (SELECT id FROM me)
                        AND mine.state IN ('leased', 'completed', 'skipped') OFFSET 0)
    ORDER BY t.sort_key LIMIT ${limit} FOR UPDATE OF t SKIP LOCKED`;
}
