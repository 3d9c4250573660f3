import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { GoldItem } from './gold-item.entity.js';
import { goldPassed } from './gold-sql.js';

export interface GoldResults {
  /** Ratings of the item that nothing supersedes. */
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

  findActive(completionId: string, criterionVersionId: string): Promise<GoldItem | null> {
    return this.rows
      .createQueryBuilder('g')
      .where('g.completionId = :completionId AND g.criterionVersionId = :criterionVersionId', { completionId, criterionVersionId })
      .andWhere('g.retiredAt IS NULL')
      .getOne();
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
       WHERE g.id = ANY($1::uuid[]) AND NOT EXISTS (SELECT FROM ratings later WHERE later.supersedes_id = r.id)
       GROUP BY g.id`,
      [ids],
    );
    return new Map(rows.map(({ id, ratings, passed }) => [id, { ratings, passed }]));
  }

  /**
   * Active items of a version whose completions are not among those of the batch. First those that stand out least: ids tell
   * when a row was made, and an id that a vendor has met before tells by itself. Among equals the seed decides.
   */
  pick(
    tx: Transaction,
    batch: { id: string; criterionVersionId: string; seed: number; vendorIds: string[] },
    limit: number,
  ): Promise<{ completionId: string; promptId: string }[]> {
    return tx.query(
      `WITH work AS MATERIALIZED (
         SELECT c.id, c.prompt_id, c.batch_id FROM labeling_items i JOIN completions c ON c.id = ANY(i.completion_ids) WHERE i.batch_id = $2),
       span AS (SELECT min(id::text)::uuid AS first, max(id::text)::uuid AS last,
                       min(prompt_id::text)::uuid AS first_prompt, max(prompt_id::text)::uuid AS last_prompt FROM work),
       candidate AS (
         SELECT g.id, c.id AS completion_id, c.prompt_id,
                (c.id NOT BETWEEN span.first AND span.last)::int
                + (c.prompt_id NOT BETWEEN span.first_prompt AND span.last_prompt)::int
                + (NOT EXISTS (SELECT FROM work w WHERE w.batch_id IS NOT DISTINCT FROM c.batch_id))::int
                + (EXISTS (SELECT FROM labeling_tasks t WHERE t.vendor_id = ANY($5::uuid[]) AND t.completion_order @> ARRAY[c.id]))::int AS tells
         FROM gold_items g JOIN completions c ON c.id = g.completion_id CROSS JOIN span
         WHERE g.criterion_version_id = $1 AND g.retired_at IS NULL AND NOT EXISTS (SELECT FROM work w WHERE w.id = g.completion_id))
       SELECT completion_id AS "completionId", prompt_id AS "promptId" FROM candidate
       ORDER BY tells, md5('gold:' || $3::text || ':' || id) LIMIT $4`,
      [batch.criterionVersionId, batch.id, String(batch.seed), limit, batch.vendorIds],
    );
  }
}
