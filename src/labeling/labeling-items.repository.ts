import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import { newUuid } from '#src/database/uuid-sql.js';
import type { Material } from './batch-rules.js';
import type { LabelingBatch, LabelingMode, LabelingSelection } from './labeling-batch.entity.js';
import { LabelingItem } from './labeling-item.entity.js';
import { newTasks } from './task-sql.js';

/** Above this many rows the planner is told about them at once: claims start long before it would look by itself. */
const analyzeFrom = 5000;

/** What a batch is made of, made by statements over whole sets: texts and ids do not pass through Node. */
@Injectable()
export class LabelingItemsRepository {
  async unknownCompletions(tx: Transaction, ids: string[]): Promise<string[]> {
    const rows: { id: string }[] = await tx.query(
      `SELECT id FROM unnest($1::uuid[]) given (id) WHERE NOT EXISTS (SELECT FROM completions c WHERE c.id = given.id)`,
      [ids],
    );
    return rows.map((row) => row.id);
  }

  async material(tx: Transaction, selection: LabelingSelection): Promise<Material> {
    const [material]: Material[] = await tx.query(
      `SELECT coalesce(sum(n), 0)::float8 AS completions, count(*)::int AS prompts, coalesce(max(n), 0)::int AS "mostPerPrompt",
              count(*) FILTER (WHERE n > 1)::int AS "comparablePrompts",
              coalesce(sum(least(n * (n - 1) / 2, $4::int)), 0)::float8 AS pairs
       FROM (SELECT count(*) AS n FROM (${selected}) c GROUP BY prompt_id) of_prompt`,
      [...selectionValues(selection), selection.pairsPerPrompt],
    );
    return material;
  }

  /** How many there are now. */
  async insertItems(tx: Transaction, batch: Pick<LabelingBatch, 'id' | 'mode' | 'selection' | 'seed'>): Promise<number> {
    const compared = batch.mode === 'compare';
    const [{ items }]: { items: number }[] = await tx.query(
      `WITH chosen AS (${selected}), inserted AS (
         INSERT INTO labeling_items (id, batch_id, ordinal, kind, prompt_id, completion_ids)
         SELECT ${newUuid}, $4::uuid, row_number() OVER (ORDER BY md5($5::text || ':' || completion_ids::text)) - 1, 'work',
                prompt_id, completion_ids
         FROM (${itemSources[batch.mode]}) source
         RETURNING 1)
       SELECT count(*)::int AS items FROM inserted`,
      [...selectionValues(batch.selection), batch.id, String(batch.seed), ...(compared ? [batch.selection.pairsPerPrompt] : [])],
    );
    return items;
  }

  /** Items beside those of the selection (gold ones, say); the batch has `batch.itemCount` before. */
  async addItems(
    tx: Transaction,
    batch: Pick<LabelingBatch, 'id' | 'itemCount'>,
    items: Pick<LabelingItem, 'id' | 'kind' | 'promptId' | 'completionIds'>[],
  ): Promise<void> {
    await tx.insert(LabelingItem, items.map((item, i) => ({ ...item, batchId: batch.id, ordinal: batch.itemCount + i })));
  }

  /**
   * `overlap` tasks for each item from `fromOrdinal` on, made in an order that tells nothing: ids rise with it, and items
   * that were added last (gold) would stand out.
   */
  async insertTasks(tx: Transaction, batchId: string, overlap: number, fromOrdinal = 0): Promise<number> {
    const [{ tasks }]: { tasks: number }[] = await tx.query(
      `WITH inserted AS (
         ${newTasks(`SELECT ${newUuid} AS id, b.seed, i.batch_id, i.id AS item_id, slot, i.completion_ids
                     FROM labeling_items i JOIN labeling_batches b ON b.id = i.batch_id CROSS JOIN generate_series(1, $2::int) slot
                     WHERE i.batch_id = $1 AND i.ordinal >= $3 ORDER BY md5(b.seed || ':' || i.id || ':' || slot)`)}
         RETURNING 1)
       SELECT count(*)::int AS tasks FROM inserted`,
      [batchId, overlap, fromOrdinal],
    );
    if (tasks >= analyzeFrom) await tx.query('ANALYZE labeling_items, labeling_tasks');
    return tasks;
  }
}

const selected = `
  SELECT c.id, c.prompt_id FROM completions c
  WHERE ($1::uuid[] IS NULL OR c.id = ANY($1)) AND ($2::uuid IS NULL OR c.batch_id = $2)
    AND ($3::uuid IS NULL OR c.prompt_id IN (SELECT prompt_id FROM prompt_set_members WHERE prompt_set_id = $3))`;

function selectionValues(selection: LabelingSelection): unknown[] {
  return [selection.completionIds, selection.completionBatchId, selection.promptSetId];
}

/** Items over `chosen`: prompt and completions. */
const itemSources: Readonly<Record<LabelingMode, string>> = {
  rate: 'SELECT prompt_id, ARRAY[id] AS completion_ids FROM chosen',
  'rate-side-by-side': 'SELECT prompt_id, array_agg(id ORDER BY id) AS completion_ids FROM chosen GROUP BY prompt_id',
  rank: 'SELECT prompt_id, array_agg(id ORDER BY id) AS completion_ids FROM chosen GROUP BY prompt_id HAVING count(*) > 1',
  compare: `
    SELECT prompt_id, completion_ids FROM (
      SELECT a.prompt_id, ARRAY[a.id, b.id] AS completion_ids,
             row_number() OVER (PARTITION BY a.prompt_id ORDER BY md5($5::text || ':' || a.id || ':' || b.id)) AS place
      FROM chosen a JOIN chosen b ON b.prompt_id = a.prompt_id AND b.id > a.id) pairs
    WHERE $6::int IS NULL OR place <= $6`,
};
