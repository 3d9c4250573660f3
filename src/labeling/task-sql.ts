import { newUuid } from '#src/database/uuid-sql.js';

/**
 * Inserts available tasks. Where a task stands in the queue and in which order it shows its completions are hashes
 * of the batch's seed and the task's id: random, recorded, and to be found again.
 *
 * @param source rows of id, seed, batch_id, item_id, slot, completion_ids
 */
export function newTasks(source: string): string {
  return `
    INSERT INTO labeling_tasks (id, batch_id, item_id, slot, state, sort_key, completion_order)
    SELECT id, batch_id, item_id, slot, 'available', ('x' || left(md5('queue:' || seed || ':' || id), 8))::bit(32)::int,
           ARRAY(SELECT c FROM unnest(completion_ids) c ORDER BY md5('order:' || seed || ':' || new_task.id || ':' || c))
    FROM (${source}) new_task`;
}

const indexOrder = { available: 'sort_key', leased: 'lease_expires_at' } as const;

/**
 * Whether the batch `batchId` (an expression) has a task in that state. The order is that of the state's index: without it
 * the planner reads the table from its beginning, in the hope of an early hit that the last tasks of a batch are not. A
 * limit right inside EXISTS would be dropped, with its order.
 */
export function hasTask(batchId: string, state: keyof typeof indexOrder, further = 'true'): string {
  return `EXISTS (SELECT FROM (
    SELECT FROM labeling_tasks t WHERE t.batch_id = ${batchId} AND t.state = '${state}' AND ${further}
    ORDER BY t.${indexOrder[state]} LIMIT 1) found)`;
}

/** A task that takes the place of each of `ended` (rows of item_id, slot). */
export function replacements(ended: string): string {
  return newTasks(`
    SELECT ${newUuid} AS id, b.seed, i.batch_id, i.id AS item_id, ended.slot, i.completion_ids
    FROM ${ended} ended
    JOIN labeling_items i ON i.id = ended.item_id
    JOIN labeling_batches b ON b.id = i.batch_id`);
}
