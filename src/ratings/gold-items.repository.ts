import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
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
}
