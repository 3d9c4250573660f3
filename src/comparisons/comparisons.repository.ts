import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { ComparisonItem, Comparison, ComparisonJudgement, type Preference } from './comparison.entity.js';
import type { JudgedRow } from './comparison-result.js';

/**
 * Everything that was said about the items of the comparisons $1, seen from the sides that the items fix: in judgements,
 * and in the preferences that came through labeling batches. `counts`: whether it decides; a reward model beside people
 * does not.
 */
const said = `
  SELECT j.item_id, j.id, j.labeler_id, j.reward_model_id, j.preference,
         (c.judge->>'type' = 'reward-model') = (j.labeler_id IS NULL) AS counts
  FROM comparison_judgements j
  JOIN comparison_items i ON i.id = j.item_id
  JOIN comparisons c ON c.id = i.comparison_id
  WHERE c.id = ANY($1)
  UNION ALL
  SELECT i.id, p.id, p.labeler_id, NULL,
         CASE WHEN mine.rank = other.rank THEN 'tie' WHEN (mine.rank < other.rank) = i.candidate_is_left THEN 'left' ELSE 'right' END,
         true
  FROM comparisons c
  JOIN comparison_items i ON i.comparison_id = c.id
  JOIN labeling_items li ON li.batch_id = c.labeling_batch_id AND li.prompt_id = i.prompt_id
    AND li.completion_ids @> ARRAY[i.baseline_completion_id, i.candidate_completion_id]
  JOIN labeling_tasks t ON t.item_id = li.id
  JOIN preferences p ON p.labeling_task_id = t.id
  JOIN preference_ranks mine ON mine.preference_id = p.id AND mine.completion_id = i.candidate_completion_id
  JOIN preference_ranks other ON other.preference_id = p.id AND other.completion_id = i.baseline_completion_id
  WHERE c.id = ANY($1) AND NOT EXISTS (SELECT FROM preferences s WHERE s.supersedes_id = p.id)`;

export interface SaidOfItem {
  itemId: string;
  labelerId: string | null;
  rewardModelId: string | null;
  preference: Preference;
}

export interface Standing {
  /** Items with all required judgements; once the labeling batch is closed, items with any. */
  judged: number;
  /** Prompts with any judgement. */
  judgedPrompts: number;
  /** The labeling batch was closed: no more will be judged. */
  closed: boolean;
  /** Another one as soon as a judgement is added or corrected. */
  version: string;
}

export interface ItemTexts extends ComparisonItem {
  prompt: string;
  baseline: string;
  candidate: string;
}

@Injectable()
export class ComparisonsRepository {
  constructor(
    @InjectRepository(Comparison) private readonly comparisons: Repository<Comparison>,
  ) {}

  async insert(
    tx: Transaction,
    comparison: Omit<Comparison, 'itemCount' | 'missingCount' | 'createdAt' | 'labelingBatchId'>,
  ): Promise<Comparison> {
    await tx.insert(Comparison, { ...comparison, itemCount: 0, missingCount: 0 });
    return tx.findOneByOrFail(Comparison, { id: comparison.id });
  }

  find(id: string): Promise<Comparison | null> {
    return this.comparisons.findOneBy({ id });
  }

  page(request: PageRequest): Promise<Comparison[]> {
    const query = this.comparisons
      .createQueryBuilder('c')
      .orderBy('c.id')
      .limit(request.limit + 1);
    if (request.after) query.where('c.id > :after', { after: request.after });
    return query.getMany();
  }

  /** Progress of the judging of each comparison; those without items have no entry. */
  async standings(ids: string[]): Promise<Map<string, Standing>> {
    const rows: (Standing & { id: string })[] = await this.comparisons.query(
      `WITH said AS (${said}), given AS (
         SELECT item_id, count(*) FILTER (WHERE counts) AS given, string_agg(id::text, ',' ORDER BY id) AS ids FROM said GROUP BY 1)
       SELECT c.id,
         (count(*) FILTER (WHERE given.given >= CASE WHEN b.state = 'closed' THEN 1
           ELSE coalesce((c.judge->>'judgementsPerItem')::int, (c.judge->>'overlap')::int, 1) END))::int AS judged,
         (count(DISTINCT i.prompt_id) FILTER (WHERE given.given > 0))::int AS "judgedPrompts",
         coalesce(b.state = 'closed', false) AS closed,
         md5(coalesce(string_agg(given.ids, ',' ORDER BY i.ordinal), '')) AS version
       FROM comparisons c
       JOIN comparison_items i ON i.comparison_id = c.id
       LEFT JOIN given ON given.item_id = i.id
       LEFT JOIN labeling_batches b ON b.id = c.labeling_batch_id
       WHERE c.id = ANY($1) GROUP BY c.id, b.state`,
      [ids],
    );
    return new Map(rows.map(({ id, ...standing }) => [id, standing]));
  }

  /** Every item with its judgements, in order of the items. */
  judgedItems(comparisonId: string): Promise<JudgedRow[]> {
    return this.comparisons.query(
      `WITH said AS (${said})
       SELECT i.prompt_id AS "promptId", p.tags, i.candidate_is_left AS "candidateIsLeft",
         char_length(cc.text) - char_length(bc.text) AS "lengthDifference",
         coalesce(array_agg(s.preference ORDER BY s.id) FILTER (WHERE s.counts), '{}') AS preferences,
         (count(*) FILTER (WHERE s.counts AND l.simulated))::int AS simulated,
         min(s.preference) FILTER (WHERE NOT s.counts) AS "proxyPreference"
       FROM comparison_items i
       JOIN prompts p ON p.id = i.prompt_id
       JOIN completions bc ON bc.id = i.baseline_completion_id
       JOIN completions cc ON cc.id = i.candidate_completion_id
       LEFT JOIN said s ON s.item_id = i.id
       LEFT JOIN labelers l ON l.id = s.labeler_id
       WHERE i.comparison_id = ANY($1) GROUP BY i.id, p.tags, cc.text, bc.text ORDER BY i.ordinal`,
      [[comparisonId]],
    );
  }

  /** Judgements of some items of a comparison, by any judge. */
  judgementsOf(comparisonId: string, itemIds: string[]): Promise<SaidOfItem[]> {
    return this.comparisons.query(
      `WITH said AS (${said})
       SELECT item_id AS "itemId", labeler_id AS "labelerId", reward_model_id AS "rewardModelId", preference
       FROM said WHERE item_id = ANY($2) ORDER BY id`,
      [[comparisonId], itemIds],
    );
  }

  /** Ids among these that no vendor has. */
  async unknownVendors(ids: readonly string[]): Promise<string[]> {
    const rows: { id: string }[] = await this.comparisons.query(
      `SELECT id FROM unnest($1::uuid[]) given (id) WHERE NOT EXISTS (SELECT FROM vendors v WHERE v.id = given.id)`,
      [ids],
    );
    return rows.map(({ id }) => id);
  }

  async setLabelingBatch(tx: Transaction, id: string, labelingBatchId: string): Promise<void> {
    await tx.update(Comparison, id, { labelingBatchId });
  }

  pageItems(comparisonId: string, request: PageRequest): Promise<ItemTexts[]> {
    return this.comparisons.query(
      `SELECT i.id, i.comparison_id AS "comparisonId", i.ordinal, i.prompt_id AS "promptId",
         i.baseline_completion_id AS "baselineCompletionId", i.candidate_completion_id AS "candidateCompletionId",
         i.candidate_is_left AS "candidateIsLeft", p.text AS prompt, b.text AS baseline, c.text AS candidate
       FROM comparison_items i
       JOIN prompts p ON p.id = i.prompt_id
       JOIN completions b ON b.id = i.baseline_completion_id
       JOIN completions c ON c.id = i.candidate_completion_id
       WHERE i.comparison_id = $1 AND i.ordinal > $2 ORDER BY i.ordinal LIMIT $3`,
      [comparisonId, Number(request.after ?? -1), request.limit + 1],
    );
  }

  async addItems(tx: Transaction, comparisonId: string, items: ComparisonItem[], missingCount: number): Promise<void> {
    for (let at = 0; at < items.length; at += 1000)
      await tx.insert(ComparisonItem, items.slice(at, at + 1000));
    await tx.update(Comparison, comparisonId, { itemCount: items.length, missingCount });
  }

  async addJudgements(tx: Transaction, judgements: Omit<ComparisonJudgement, 'createdAt'>[]): Promise<void> {
    for (let at = 0; at < judgements.length; at += 1000) {
      await tx.insert(ComparisonJudgement, judgements.slice(at, at + 1000));
    }
  }
}
