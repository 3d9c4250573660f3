import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { PageRequest } from '#src/common/pagination.js';
import type { RatingProgress } from './gate.js';
import { Loop } from './loop.entity.js';

/** Rating progress of the completions of an iteration. */
export interface RatedSelection {
  completionBatchId: string;
  /** Prompts whose completions are to be rated. */
  ratedPromptSetId: string;
  criterionVersionId: string;
}

export interface CompletionToRate {
  completionId: string;
  promptId: string;
  prompt: string;
  text: string;
  ratingCount: number;
}

/** Ratings that stand ($1 batch, $2 prompt set, $3 criterion version), one row per completion and labeler. */
const given = `
  SELECT c.id AS completion_id, c.prompt_id, r.labeler_id, avg(r.score) AS score
  FROM completions c
  JOIN prompt_set_members m ON m.prompt_set_id = $2 AND m.prompt_id = c.prompt_id
  JOIN ratings r ON r.completion_id = c.id AND r.criterion_version_id = $3
  WHERE c.batch_id = $1 AND NOT EXISTS (SELECT FROM ratings s WHERE s.supersedes_id = r.id)
  GROUP BY 1, 2, 3`;

@Injectable()
export class LoopRatingsRepository {
  constructor(@InjectRepository(Loop) private readonly loops: Repository<Loop>) {}

  /** @param perCompletion ratings of different labelers that make a completion complete */
  async progress(selection: RatedSelection, perCompletion: number): Promise<RatingProgress> {
    const [row]: RatingProgress[] = await this.loops.query(
      `WITH given AS MATERIALIZED (${given}),
       counts AS (SELECT completion_id, count(*) AS n FROM given GROUP BY 1),
       orderings AS (
         SELECT count(*) FILTER (WHERE a.score > b.score) AS ayes, count(*) FILTER (WHERE a.score < b.score) AS noes
         FROM given a JOIN given b
           ON b.prompt_id = a.prompt_id AND b.labeler_id = a.labeler_id AND b.completion_id > a.completion_id
         GROUP BY a.completion_id, b.completion_id),
       sums AS (
         SELECT sum((ayes + noes) * (ayes + noes - 1) / 2) AS pairs,
                sum((ayes * (ayes - 1) + noes * (noes - 1)) / 2) AS agreeing FROM orderings)
       SELECT
         (SELECT count(*) FROM completions c JOIN prompt_set_members m ON m.prompt_set_id = $2 AND m.prompt_id = c.prompt_id
          WHERE c.batch_id = $1)::int AS completions,
         (SELECT count(*) FROM counts WHERE n >= $4)::int AS complete,
         (SELECT coalesce(sum(n), 0) FROM counts)::int AS ratings,
         (SELECT agreeing::float8 / nullif(pairs, 0)::float8 FROM sums) AS agreement`,
      [...keys(selection), perCompletion],
    );
    return row;
  }

  /** In order of the completions' ids: what a person would be shown, and how many have rated it. */
  completions(selection: RatedSelection, request: PageRequest): Promise<CompletionToRate[]> {
    return this.loops.query(
      `WITH counts AS (SELECT completion_id, count(*)::int AS n FROM (${given}) g GROUP BY 1)
       SELECT c.id AS "completionId", c.prompt_id AS "promptId", p.text AS prompt, c.text, coalesce(n, 0) AS "ratingCount"
       FROM completions c
       JOIN prompt_set_members m ON m.prompt_set_id = $2 AND m.prompt_id = c.prompt_id
       JOIN prompts p ON p.id = c.prompt_id
       LEFT JOIN counts ON counts.completion_id = c.id
       WHERE c.batch_id = $1 AND ($4::uuid IS NULL OR c.id > $4) ORDER BY c.id LIMIT $5`,
      [...keys(selection), request.after, request.limit + 1],
    );
  }
}

const keys = ({ completionBatchId, ratedPromptSetId, criterionVersionId }: RatedSelection): string[] => [
  completionBatchId,
  ratedPromptSetId,
  criterionVersionId,
];
