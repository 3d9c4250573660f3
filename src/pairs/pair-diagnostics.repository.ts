import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import type { PairSetDiagnostics, SplitSums } from './pair-diagnostics.js';

/** Sums over the pairs of a set, made inside the transaction that builds it: `pair_scores` is still there. */
@Injectable()
export class PairDiagnosticsRepository {
  /**
   * Per split. `opinions` holds, for every two completions of a prompt, what the labelers who rated both of them thought
   * (one who rated one of them twice counts with the mean), and what each ranking or comparison says. It is made of the
   * ratings of one labeler and prompt, of which there are few, rather than of all ratings of both completions of each pair.
   */
  splitSums(tx: Transaction, pairSetId: string): Promise<SplitSums[]> {
    return tx.query(
      `WITH given AS MATERIALIZED (
         SELECT s.prompt_id, r.labeler_id, r.completion_id, sum(r.score::numeric)::float8 / count(*) AS score,
                sum(r.position)::float8 / nullif(count(r.position), 0) AS position
         FROM pair_set_ratings m JOIN ratings r ON r.id = m.rating_id JOIN pair_scores s ON s.completion_id = r.completion_id
         WHERE m.pair_set_id = $1 GROUP BY 1, 2, 3),
       ranked AS MATERIALIZED (
         SELECT k.* FROM pair_set_preferences m JOIN preference_ranks k ON k.preference_id = m.preference_id
         WHERE m.pair_set_id = $1),
       facts AS MATERIALIZED (
         SELECT shown.completion_id, char_length(c.text) AS length, shown.position
         FROM (SELECT completion_id, avg(position::numeric) AS position
               FROM (SELECT completion_id, position FROM given UNION ALL SELECT completion_id, position FROM ranked) places
               GROUP BY 1) shown
         JOIN completions c ON c.id = shown.completion_id),
       opinions AS (
         SELECT a.completion_id AS low, b.completion_id AS high, sign(a.score - b.score) AS side, sign(b.position - a.position) AS earlier
         FROM given a JOIN given b
           ON b.prompt_id = a.prompt_id AND b.labeler_id = a.labeler_id AND b.completion_id > a.completion_id
         UNION ALL
         SELECT a.completion_id, b.completion_id, sign(b.rank - a.rank), sign(b.position - a.position)
         FROM ranked a JOIN ranked b ON b.preference_id = a.preference_id AND b.completion_id > a.completion_id),
       orderings AS MATERIALIZED (
         SELECT low, high, count(*) AS labelers, count(*) FILTER (WHERE side > 0) AS low_up,
                count(*) FILTER (WHERE side < 0) AS high_up, count(*) FILTER (WHERE side <> 0 AND earlier <> 0) AS positioned,
                count(*) FILTER (WHERE side <> 0 AND earlier <> 0 AND side = earlier) AS first_preferred
         FROM opinions GROUP BY 1, 2),
       judged AS (
         SELECT p.*, o.labelers, o.positioned, o.first_preferred,
                CASE WHEN p.chosen_completion_id = o.low THEN o.low_up ELSE o.high_up END AS ayes,
                CASE WHEN p.chosen_completion_id = o.low THEN o.high_up ELSE o.low_up END AS noes
         FROM pairs p
         LEFT JOIN orderings o ON o.low = least(p.chosen_completion_id, p.rejected_completion_id)
           AND o.high = greatest(p.chosen_completion_id, p.rejected_completion_id)
         WHERE p.pair_set_id = $1)
       SELECT p.split, count(*)::float8 AS pairs, count(*) FILTER (WHERE p.tie)::float8 AS ties,
              count(DISTINCT p.prompt_id)::float8 AS prompts,
              coalesce(sum((sign(c.length - r.length) + 1) / 2) FILTER (WHERE NOT p.tie), 0)::float8 AS "longestPoints",
              coalesce(sum((coalesce(sign(r.position - c.position), 0) + 1) / 2) FILTER (WHERE NOT p.tie), 0)::float8 AS "firstPoints",
              count(*) FILTER (WHERE NOT p.tie AND p.labelers >= 2)::float8 AS "majorityPairs",
              coalesce(sum((sign(p.ayes - p.noes) + 1) / 2) FILTER (WHERE NOT p.tie AND p.labelers >= 2), 0)::float8 AS "majorityPoints",
              coalesce(sum((p.ayes + p.noes) * (p.ayes + p.noes - 1) / 2), 0)::float8 AS comparisons,
              coalesce(sum((p.ayes * (p.ayes - 1) + p.noes * (p.noes - 1)) / 2), 0)::float8 AS agreements,
              coalesce(sum(p.positioned), 0)::float8 AS positioned,
              coalesce(sum(p.first_preferred), 0)::float8 AS "firstPreferred"
       FROM judged p
       JOIN facts c ON c.completion_id = p.chosen_completion_id
       JOIN facts r ON r.completion_id = p.rejected_completion_id
       GROUP BY p.split`,
      [pairSetId],
    );
  }

  margins(tx: Transaction, pairSetId: string): Promise<{ margin: number; pairs: number }[]> {
    return tx.query(
      `SELECT chosen_score - rejected_score AS margin, count(*)::int AS pairs
       FROM pairs WHERE pair_set_id = $1 GROUP BY 1 ORDER BY 1`,
      [pairSetId],
    );
  }

  async pairsPerPrompt(
    tx: Transaction,
    pairSetId: string,
  ): Promise<{ prompts: number; spread: PairSetDiagnostics['pairsPerPrompt'] }> {
    const [{ prompts, ...spread }]: ({ prompts: number } & NonNullable<PairSetDiagnostics['pairsPerPrompt']>)[] =
      await tx.query(
        `SELECT count(*)::int AS prompts, min(n)::int AS min, max(n)::int AS max, avg(n)::float8 AS mean,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY n) AS median
         FROM (SELECT count(*) AS n FROM pairs WHERE pair_set_id = $1 GROUP BY prompt_id) counts`,
        [pairSetId],
      );
    return { prompts, spread: prompts === 0 ? null : spread };
  }
}
