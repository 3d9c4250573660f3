import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { ComparisonItem } from './comparison-item.entity.js';
import { ComparisonJudgement, type Preference } from './comparison-judgement.entity.js';
import { Comparison } from './comparison.entity.js';

export interface JudgedRow {
  promptId: string;
  candidateIsLeft: boolean;
  preferences: Preference[];
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
    @InjectRepository(ComparisonJudgement) private readonly judgements: Repository<ComparisonJudgement>,
  ) {}

  async insert(
    tx: Transaction,
    comparison: Omit<Comparison, 'itemCount' | 'createdAt'>,
  ): Promise<Comparison> {
    await tx.insert(Comparison, { ...comparison, itemCount: 0 });
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

  /** Items with as many judgements as they need, by comparison; those without any have no entry. */
  async judgedItemCounts(ids: string[]): Promise<Map<string, number>> {
    const rows: { id: string; judged: number }[] = await this.comparisons.query(
      `SELECT c.id, count(*)::int AS judged
       FROM comparisons c
       JOIN comparison_items i ON i.comparison_id = c.id
       CROSS JOIN LATERAL (SELECT count(*) AS given FROM comparison_judgements j WHERE j.item_id = i.id) j
       WHERE c.id = ANY($1) AND j.given >= coalesce((c.judge->>'judgementsPerItem')::int, 1)
       GROUP BY c.id`,
      [ids],
    );
    return new Map(rows.map(({ id, judged }) => [id, judged]));
  }

  /** Every item with what was said about it, in order of the items. */
  judgedItems(comparisonId: string): Promise<JudgedRow[]> {
    return this.comparisons.query(
      `SELECT i.prompt_id AS "promptId", i.candidate_is_left AS "candidateIsLeft",
         coalesce(array_agg(j.preference ORDER BY j.id) FILTER (WHERE j.id IS NOT NULL), '{}') AS preferences
       FROM comparison_items i LEFT JOIN comparison_judgements j ON j.item_id = i.id
       WHERE i.comparison_id = $1 GROUP BY i.id ORDER BY i.ordinal`,
      [comparisonId],
    );
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

  judgementsOf(itemIds: string[]): Promise<ComparisonJudgement[]> {
    return this.judgements
      .createQueryBuilder('j')
      .where('j.itemId = ANY(:itemIds)', { itemIds })
      .orderBy('j.id')
      .getMany();
  }

  async addItems(tx: Transaction, comparisonId: string, items: ComparisonItem[]): Promise<void> {
    for (let at = 0; at < items.length; at += 1000)
      await tx.insert(ComparisonItem, items.slice(at, at + 1000));
    await tx.update(Comparison, comparisonId, { itemCount: items.length });
  }

  async addJudgements(tx: Transaction, judgements: Omit<ComparisonJudgement, 'createdAt'>[]): Promise<void> {
    for (let at = 0; at < judgements.length; at += 1000) {
      await tx.insert(ComparisonJudgement, judgements.slice(at, at + 1000));
    }
  }
}
