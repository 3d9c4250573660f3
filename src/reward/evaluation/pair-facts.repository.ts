import { Injectable } from '@nestjs/common';
import { Database } from '#src/database/database.js';
import type { PairSplit } from '../data/preference-data.repository.js';

/** Features of a pair for content-blind rules, and the votes of its labelers. */
export interface PairFacts {
  ordinal: number;
  tags: string[];
  chosenLength: number;
  rejectedLength: number;
  /** 1 if the chosen one was shown first, 0 if the other was, 1/2 if unknown. */
  first: number;
  /** 1 when most raters of both scored the chosen one higher, 1/2 when as many did not; null with fewer than two such raters. */
  majority: number | null;
  /** Pairs of raters who ordered the two, and those of them who agree. */
  comparisons: number;
  agreements: number;
}

/** The facts by which a pair set's diagnostics are summed up, pair by pair; ties are left out. */
@Injectable()
export class PairFactsRepository {
  constructor(private readonly database: Database) {}

  of(pairSetId: string, split: PairSplit): Promise<PairFacts[]> {
    return this.database.transaction(async (tx) => {
      // Joins over whole sets, as in building them.
      await tx.query('SET LOCAL enable_nestloop = off');
      return tx.query<PairFacts[]>(
        `WITH judged AS MATERIALIZED (
           SELECT ordinal, prompt_id, chosen_completion_id AS chosen, rejected_completion_id AS rejected
           FROM pairs WHERE pair_set_id = $1 AND split = $2 AND NOT tie),
         given AS MATERIALIZED (
           SELECT r.completion_id, r.labeler_id, sum(r.score::numeric)::float8 / count(*) AS score, avg(r.position) AS position
           FROM pair_set_ratings m JOIN ratings r ON r.id = m.rating_id
           WHERE m.pair_set_id = $1 GROUP BY 1, 2),
         shown AS MATERIALIZED (SELECT completion_id, avg(position) AS position FROM given GROUP BY 1),
         orderings AS (
           SELECT j.ordinal, count(*) AS labelers,
                  count(*) FILTER (WHERE a.score > b.score) AS ayes, count(*) FILTER (WHERE a.score < b.score) AS noes
           FROM judged j JOIN given a ON a.completion_id = j.chosen
           JOIN given b ON b.completion_id = j.rejected AND b.labeler_id = a.labeler_id
           GROUP BY j.ordinal)
         SELECT j.ordinal, q.tags, char_length(c.text) AS "chosenLength", char_length(r.text) AS "rejectedLength",
                ((coalesce(sign(sr.position - sc.position), 0) + 1) / 2)::float8 AS first,
                CASE WHEN o.labelers >= 2 THEN ((sign(o.ayes - o.noes) + 1) / 2)::float8 END AS majority,
                coalesce((o.ayes + o.noes) * (o.ayes + o.noes - 1) / 2, 0)::float8 AS comparisons,
                coalesce((o.ayes * (o.ayes - 1) + o.noes * (o.noes - 1)) / 2, 0)::float8 AS agreements
         FROM judged j
         JOIN prompts q ON q.id = j.prompt_id
         JOIN completions c ON c.id = j.chosen
         JOIN completions r ON r.id = j.rejected
         LEFT JOIN shown sc ON sc.completion_id = j.chosen
         LEFT JOIN shown sr ON sr.completion_id = j.rejected
         LEFT JOIN orderings o ON o.ordinal = j.ordinal
         ORDER BY j.ordinal`,
        [pairSetId, split],
      );
    });
  }
}
