import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { GoldItem } from './gold-item.entity.js';
import { comparedGold, goldPassed } from './gold-sql.js';

export interface GoldResults {
  /** Ratings of the item, or comparisons of its two, that nothing supersedes. */
  ratings: number;
  passed: number;
}

@Injectable()
export class GoldItemsRepository {
  constructor(@InjectRepository(GoldItem) private readonly rows: Repository<GoldItem>) {}

  async insert(item: Omit<GoldItem, 'createdAt'>): Promise<GoldItem> {
    await this.rows.insert(item);
    return this.rows.findOneByOrFail({ id: item.id });
  }

  find(id: string): Promise<GoldItem | null> {
    return this.rows.findOneBy({ id });
  }

  /** Of the completion by itself, or of the two, whichever is the better one. */
  findActive({ completionId, worseCompletionId, criterionVersionId }: Pick<GoldItem, 'completionId' | 'worseCompletionId' | 'criterionVersionId'>): Promise<GoldItem | null> {
    const one = 'g.completionId = :completionId AND g.worseCompletionId IS NULL';
    const two = 'g.completionId IN (:completionId, :worseCompletionId) AND g.worseCompletionId IN (:completionId, :worseCompletionId)';
    return this.rows
      .createQueryBuilder('g')
      .where(worseCompletionId === null ? one : two, { completionId, worseCompletionId })
      .andWhere('g.criterionVersionId = :criterionVersionId', { criterionVersionId })
      .andWhere('g.retiredAt IS NULL')
      .getOne();
  }

  /** Prompts of these completions, of those that there are. */
  async promptsOf(completionIds: readonly string[]): Promise<Map<string, string>> {
    const rows: { id: string; promptId: string }[] = await this.rows.query('SELECT id, prompt_id AS "promptId" FROM completions WHERE id = ANY($1::uuid[])', [completionIds]);
    return new Map(rows.map(({ id, promptId }) => [id, promptId]));
  }

  page(criterionVersionId: string | undefined, request: PageRequest): Promise<GoldItem[]> {
    const query = this.rows.createQueryBuilder('g').orderBy('g.id').limit(request.limit + 1);
    if (criterionVersionId) query.andWhere('g.criterionVersionId = :criterionVersionId', { criterionVersionId });
    if (request.after) query.andWhere('g.id > :after', { after: request.after });
    return query.getMany();
  }

  /** Retiring twice is the same as retiring once. */
  async retire(id: string): Promise<void> {
    await this.rows.createQueryBuilder().update().set({ retiredAt: () => 'coalesce(retired_at, now())' }).where({ id }).execute();
  }

  async results(ids: readonly string[]): Promise<Map<string, GoldResults>> {
    const rows: (GoldResults & { id: string })[] = await this.rows.query(
      `SELECT g.id, count(*)::int AS ratings, count(*) FILTER (WHERE ${goldPassed('r', 'g')})::int AS passed
       FROM gold_items g JOIN ratings r ON r.completion_id = g.completion_id AND r.criterion_version_id = g.criterion_version_id
       WHERE g.id = ANY($1::uuid[]) AND g.worse_completion_id IS NULL AND NOT EXISTS (SELECT FROM ratings later WHERE later.supersedes_id = r.id)
       GROUP BY g.id
       UNION ALL
       SELECT gold_item_id, count(*)::int, count(*) FILTER (WHERE passed)::int FROM (${comparedGold}) compared
       WHERE gold_item_id = ANY($1::uuid[]) GROUP BY gold_item_id`,
      [ids],
    );
    return new Map(rows.map(({ id, ratings, passed }) => [id, { ratings, passed }]));
  }

  /**
   * Active items of a version that the batch does not ask about by itself, of its kind. First those that stand out least: ids
   * tell when a row was made, and an id that a vendor has met before tells by itself; of two completions either may. Among
   * equals the seed decides.
   */
  pick(
    tx: Transaction,
    batch: { id: string; criterionVersionId: string; seed: number; vendorIds: string[] },
    kind: 'rated' | 'compared',
    limit: number,
  ): Promise<{ completionIds: string[]; promptId: string }[]> {
    return tx.query(
      `WITH work AS MATERIALIZED (
         SELECT c.id, c.prompt_id, c.batch_id FROM labeling_items i JOIN completions c ON c.id = ANY(i.completion_ids) WHERE i.batch_id = $2),
       span AS (SELECT min(id::text)::uuid AS first, max(id::text)::uuid AS last,
                       min(prompt_id::text)::uuid AS first_prompt, max(prompt_id::text)::uuid AS last_prompt FROM work),
       candidate AS (
         SELECT g.id, c.prompt_id, array_agg(c.id ORDER BY c.id) AS completion_ids,
                bool_or(c.id NOT BETWEEN span.first AND span.last)::int
                + bool_or(c.prompt_id NOT BETWEEN span.first_prompt AND span.last_prompt)::int
                + bool_or(NOT EXISTS (SELECT FROM work w WHERE w.batch_id IS NOT DISTINCT FROM c.batch_id))::int
                + bool_or(EXISTS (SELECT FROM labeling_tasks t WHERE t.vendor_id = ANY($5::uuid[]) AND t.completion_order @> ARRAY[c.id]))::int AS tells
         FROM gold_items g JOIN completions c ON c.id IN (g.completion_id, g.worse_completion_id) CROSS JOIN span
         WHERE g.criterion_version_id = $1 AND g.retired_at IS NULL AND (g.worse_completion_id IS NOT NULL) = $6::boolean
         GROUP BY g.id, c.prompt_id)
       SELECT completion_ids AS "completionIds", prompt_id AS "promptId" FROM candidate
       WHERE NOT EXISTS (SELECT FROM labeling_items i WHERE i.batch_id = $2 AND i.completion_ids @> candidate.completion_ids)
       ORDER BY tells, md5('gold:' || $3::text || ':' || id) LIMIT $4`,
      [batch.criterionVersionId, batch.id, String(batch.seed), limit, batch.vendorIds, kind === 'compared'],
    );
  }
}
