import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PromptContent } from '#src/common/conversation.js';
import type { PageRequest } from '#src/common/pagination.js';
import type { Transaction } from '#src/database/database.js';
import { contentSql } from '#src/prompts/prompt.entity.js';
import type { LabelerWeight } from './labeler-weights.repository.js';
import type { PairSetConfig, Split } from './pair-set-config.js';
import { PairSet } from './pair-set.entity.js';

/** A pair with its texts, as pages, the export and the trainers read it. */
export interface PairRow {
  ordinal: number;
  promptId: string;
  prompt: PromptContent;
  split: Split;
  tie: boolean;
  chosenCompletionId: string;
  chosen: string;
  chosenScore: number;
  rejectedCompletionId: string;
  rejected: string;
  rejectedScore: number;
  /** Null where the set gives none. */
  weight: number | null;
}

export interface PairFilter {
  split?: Split;
  /** False leaves kept ties out. */
  ties?: boolean;
}

@Injectable()
export class PairSetsRepository {
  constructor(@InjectRepository(PairSet) private readonly rows: Repository<PairSet>) {}

  async insert(tx: Transaction, set: Pick<PairSet, 'id' | 'jobId' | 'criterionVersionId' | 'config'>): Promise<PairSet> {
    await tx.insert(PairSet, set);
    return tx.findOneByOrFail(PairSet, { id: set.id });
  }

  find(id: string): Promise<PairSet | null> {
    return this.rows.findOneBy({ id });
  }

  page(request: PageRequest): Promise<PairSet[]> {
    const query = this.rows.createQueryBuilder('s').orderBy('s.id').limit(request.limit + 1);
    if (request.after) query.andWhere('s.id > :after', { after: request.after });
    return query.getMany();
  }

  /** Pairs after an ordinal, in order. */
  pairs(id: string, filter: PairFilter, after: number | null, limit: number): Promise<PairRow[]> {
    return this.rows.query(
      // The page first, then its texts: joined the other way round, every page would read all completions.
      `WITH page AS MATERIALIZED (
         SELECT * FROM pairs
         WHERE pair_set_id = $1 AND ordinal > $2 AND ($3::text IS NULL OR split = $3) AND ($4 OR NOT tie)
         ORDER BY ordinal LIMIT $5)
       SELECT p.ordinal, p.prompt_id AS "promptId", ${contentSql('q')} AS prompt, p.split, p.tie, p.weight,
              p.chosen_completion_id AS "chosenCompletionId", c.text AS chosen, p.chosen_score AS "chosenScore",
              p.rejected_completion_id AS "rejectedCompletionId", r.text AS rejected, p.rejected_score AS "rejectedScore"
       FROM page p
       JOIN prompts q ON q.id = p.prompt_id
       JOIN completions c ON c.id = p.chosen_completion_id
       JOIN completions r ON r.id = p.rejected_completion_id
       ORDER BY p.ordinal`,
      [id, after ?? -1, filter.split ?? null, filter.ties ?? true, limit],
    );
  }

  labelerWeights(id: string, request: PageRequest): Promise<LabelerWeight[]> {
    return this.rows.query(
      `SELECT labeler_id AS "labelerId", ratings, reliability, weight::float8 AS weight, preferences,
              preference_reliability AS "preferenceReliability", preference_weight::float8 AS "preferenceWeight"
       FROM pair_set_labeler_weights WHERE pair_set_id = $1 AND ($2::uuid IS NULL OR labeler_id > $2)
       ORDER BY labeler_id LIMIT $3`,
      [id, request.after, request.limit + 1],
    );
  }

  /** The restrictions that name something that is not there, with the id. */
  async unknownRestrictions(config: PairSetConfig): Promise<{ kind: 'promptSet' | 'completionBatch' | 'labeler'; id: string }[]> {
    return this.rows.query(
      `SELECT 'promptSet' AS kind, $1::uuid AS id WHERE $1::uuid IS NOT NULL AND NOT EXISTS (SELECT FROM prompt_sets WHERE id = $1)
       UNION ALL
       SELECT 'completionBatch', $2::uuid WHERE $2::uuid IS NOT NULL AND NOT EXISTS (SELECT FROM completion_batches WHERE id = $2)
       UNION ALL
       SELECT 'labeler', given.id FROM unnest($3::uuid[]) AS given (id)
       WHERE NOT EXISTS (SELECT FROM labelers l WHERE l.id = given.id)`,
      [config.promptSetId, config.completionBatchId, config.labelerIds ?? []],
    );
  }
}
