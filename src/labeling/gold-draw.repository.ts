// Which gold items a batch gets, beside its work: those that stand out least. SQL only.
import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import { asksForOrder, showsWholePrompt } from './batch-rules.js';
import type { LabelingBatch } from './labeling-batch.entity.js';
import type { LabelingItem } from './labeling-item.entity.js';

/** One item to be shown; `completionIds` in the order of ids, as those of work are. */
export type DrawnItem = Pick<LabelingItem, 'completionIds' | 'promptId'>;

@Injectable()
export class GoldDrawRepository {
  /**
   * Active items of the batch's version that its work does not ask about by itself. First those that stand out least: ids
   * tell when a row was made, and an id that a vendor has met before tells by itself; of several completions any may. Among
   * equals the seed decides.
   */
  draw(tx: Transaction, batch: Pick<LabelingBatch, 'id' | 'mode' | 'criterionVersionId' | 'seed' | 'vendorIds'>, limit: number): Promise<DrawnItem[]> {
    return tx.query(
      `WITH work AS MATERIALIZED (
         SELECT c.id, c.prompt_id, c.batch_id FROM labeling_items i JOIN completions c ON c.id = ANY(i.completion_ids) WHERE i.batch_id = $2),
       span AS (SELECT min(id::text)::uuid AS first, max(id::text)::uuid AS last,
                       min(prompt_id::text)::uuid AS first_prompt, max(prompt_id::text)::uuid AS last_prompt FROM work),
       size AS (SELECT mode() WITHIN GROUP (ORDER BY cardinality(completion_ids)) AS usual FROM labeling_items WHERE batch_id = $2),
       gold AS MATERIALIZED (
         SELECT md5('gold:' || $3::text || ':' || g.id) AS place, c.prompt_id, c.batch_id,
                CASE WHEN g.worse_completion_id IS NULL THEN ARRAY[c.id]
                     ELSE ARRAY[least(c.id, g.worse_completion_id), greatest(c.id, g.worse_completion_id)] END AS known
         FROM gold_items g JOIN completions c ON c.id = g.completion_id
         WHERE g.criterion_version_id = $1 AND g.retired_at IS NULL AND (g.worse_completion_id IS NOT NULL) = $6::boolean),
       shown AS (${showsWholePrompt(batch.mode) ? amongOthers : alone}),
       candidate AS (
         SELECT s.place, s.prompt_id, s.completion_ids,
                (cardinality(s.completion_ids) <> size.usual)::int
                + bool_or(c.id NOT BETWEEN span.first AND span.last)::int
                + bool_or(c.prompt_id NOT BETWEEN span.first_prompt AND span.last_prompt)::int
                + bool_or(NOT EXISTS (SELECT FROM work w WHERE w.batch_id IS NOT DISTINCT FROM c.batch_id))::int
                + bool_or(EXISTS (SELECT FROM labeling_tasks t WHERE t.vendor_id = ANY($5::uuid[]) AND t.completion_order @> ARRAY[c.id]))::int AS tells
         FROM shown s JOIN completions c ON c.id = ANY(s.completion_ids) CROSS JOIN span CROSS JOIN size
         GROUP BY s.place, s.prompt_id, s.completion_ids, size.usual)
       SELECT completion_ids AS "completionIds", prompt_id AS "promptId" FROM candidate ORDER BY tells, place LIMIT $4`,
      [batch.criterionVersionId, batch.id, String(batch.seed), limit, batch.vendorIds, asksForOrder(batch.mode)],
    );
  }
}

/** By itself: what is known is all that is asked. */
const alone = `
  SELECT place, prompt_id, known AS completion_ids FROM gold
  WHERE NOT EXISTS (SELECT FROM labeling_items i WHERE i.batch_id = $2 AND i.completion_ids @> gold.known)`;

/**
 * Among others, as the prompts of the work are: one item of a prompt that the work has not, filled up with completions that were made
 * with it to as many as a task of the work usually has.
 */
const amongOthers = `
  SELECT DISTINCT ON (gold.prompt_id) gold.place, gold.prompt_id, ARRAY(
    SELECT id FROM (
      SELECT unnest(gold.known) AS id
      UNION ALL
      (SELECT c.id FROM completions c
       WHERE c.prompt_id = gold.prompt_id AND c.batch_id IS NOT DISTINCT FROM gold.batch_id AND c.id <> ALL(gold.known)
       ORDER BY md5(gold.place || ':' || c.id) LIMIT greatest(size.usual - cardinality(gold.known), 0))) ids
    ORDER BY id) AS completion_ids
  FROM gold CROSS JOIN size
  WHERE NOT EXISTS (SELECT FROM work w WHERE w.prompt_id = gold.prompt_id)
  ORDER BY gold.prompt_id, gold.place`;
