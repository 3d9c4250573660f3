// What the tables and the clients say of a drilled batch when it is over.
import type { Client } from 'pg';
import type { FaultReport } from '../fault.js';
import type { ClaimersReport } from './messages.js';

type Found = Pick<FaultReport, 'lost' | 'doubled' | 'stuck'> & {
  /** Leases of one slot that overlapped in time. */
  doubleLeases: number;
  /** Slots with more than one result, items given to a labeler twice, tasks with more than one rating. */
  doubleResults: number;
  leasesExpired: number;
};

export async function inspect(database: Client, batchId: string, seen: Pick<ClaimersReport, 'claimed' | 'accepted'>): Promise<Found> {
  const count = async (sql: string, ...values: unknown[]) => (await database.query<{ count: number }>(sql, [batchId, ...values])).rows[0].count;
  // The alias of a column beside that of the table: a bare `slot` would be the task's own below, and always equal to itself.
  const lostSlots = await count(
    `SELECT count(*)::int AS count FROM labeling_items i JOIN labeling_batches b ON b.id = i.batch_id
     CROSS JOIN generate_series(1, b.overlap) AS wanted (slot)
     WHERE b.id = $1 AND NOT EXISTS (
       SELECT FROM labeling_tasks t WHERE t.item_id = i.id AND t.slot = wanted.slot
         AND (t.state IN ('available', 'leased')
              OR (t.state = 'completed' AND EXISTS (SELECT FROM ratings r WHERE r.labeling_task_id = t.id))))`,
  );
  const stuck = await count(`SELECT count(*)::int AS count FROM labeling_tasks WHERE batch_id = $1 AND state IN ('available', 'leased')`);
  const forgottenAnswers = await count(
    `SELECT count(*)::int AS count FROM unnest($2::uuid[]) accepted (id)
     WHERE NOT EXISTS (SELECT FROM labeling_tasks t JOIN ratings r ON r.labeling_task_id = t.id
                       WHERE t.id = accepted.id AND t.batch_id = $1 AND t.state = 'completed')`,
    seen.accepted,
  );
  const doubleResults =
    (await groups(count, `item_id, slot`, `state = 'completed'`)) +
    (await groups(count, `item_id, labeler_id`, `state = 'completed'`)) +
    (await count(
      `SELECT count(*)::int AS count FROM (SELECT FROM ratings r JOIN labeling_tasks t ON t.id = r.labeling_task_id
         WHERE t.batch_id = $1 GROUP BY t.id HAVING count(*) > 1) twice`,
    ));
  const overlapping = await count(
    `SELECT count(*)::int AS count FROM (
       SELECT leased_at, lag(finished_at) OVER (PARTITION BY item_id, slot ORDER BY leased_at) AS ended
       FROM labeling_tasks WHERE batch_id = $1 AND leased_at IS NOT NULL) leases
     WHERE ended > leased_at`,
  );
  const givenTwice = seen.claimed.length - new Set(seen.claimed).size;
  const leasesExpired = await count(`SELECT count(*)::int AS count FROM labeling_tasks WHERE batch_id = $1 AND state = 'expired'`);
  const doubleLeases = overlapping + givenTwice;
  return {
    lost: lostSlots + forgottenAnswers,
    doubled: doubleLeases + doubleResults,
    stuck,
    doubleLeases,
    doubleResults,
    leasesExpired,
  };
}

function groups(count: (sql: string) => Promise<number>, by: string, where: string): Promise<number> {
  return count(
    `SELECT count(*)::int AS count FROM (SELECT FROM labeling_tasks WHERE batch_id = $1 AND ${where} GROUP BY ${by} HAVING count(*) > 1) twice`,
  );
}
