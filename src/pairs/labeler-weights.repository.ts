import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import { touchesGold } from '#src/ratings/gold-sql.js';

export interface LabelerWeight {
  labelerId: string;
  /** Ratings of the set that are theirs. */
  ratings: number;
  /** Null where nothing tells answers apart. */
  reliability: number | null;
  weight: number;
  /** Rankings and comparisons of the set that are theirs. */
  preferences: number;
  preferenceReliability: number | null;
  /** Null in sets built before preferences were weighed. */
  preferenceWeight: number | null;
}

/** The answers that weights are estimated from, numbered and packed by the database, and the weights as they are kept. */
@Injectable()
export class LabelerWeightsRepository {
  async scaleValues(tx: Transaction, criterionVersionId: string): Promise<number[]> {
    const rows: { value: number }[] = await tx.query(
      `SELECT (level->>'value')::float8 AS value
       FROM criterion_versions, jsonb_array_elements(scale) WITH ORDINALITY AS levels (level, place)
       WHERE id = $1 ORDER BY place`,
      [criterionVersionId],
    );
    return rows.map(({ value }) => value);
  }

  /** All who judged something of the set, in the order of their ids. */
  labelers(tx: Transaction, pairSetId: string): Promise<{ labelerId: string; ratings: number; preferences: number }[]> {
    return tx.query(
      `SELECT labeler_id AS "labelerId", sum(ratings)::int AS ratings, sum(preferences)::int AS preferences
       FROM (
         SELECT r.labeler_id, 1 AS ratings, 0 AS preferences
         FROM pair_set_ratings m JOIN ratings r ON r.id = m.rating_id WHERE m.pair_set_id = $1
         UNION ALL
         SELECT f.labeler_id, 0, 1
         FROM pair_set_preferences m JOIN preferences f ON f.id = m.preference_id WHERE m.pair_set_id = $1) judged
       GROUP BY 1 ORDER BY 1`,
      [pairSetId],
    );
  }

  /**
   * Scores as answers: an item is a completion.
   *
   * @param borders between the levels, ascending; a score counts for the level it lies nearest to
   */
  packScores(tx: Transaction, pairSetId: string, labelerIds: readonly string[], borders: readonly number[]): Promise<void> {
    const scores = `
      SELECT r.completion_id AS item, r.labeler_id, r.id, width_bucket(r.score, $3::float8[]) AS level
      FROM pair_set_ratings m JOIN ratings r ON r.id = m.rating_id WHERE m.pair_set_id = $2`;
    return this.pack(tx, scores, [labelerIds, pairSetId, borders]);
  }

  /**
   * Votes as answers: an item is a pair of completions, its levels are worse, tied and better, of the one with the lower id. Gold
   * is left out as it is of the set's pairs: what it tells is not agreement.
   */
  packOrders(tx: Transaction, pairSetId: string, labelerIds: readonly string[], includeGold: boolean): Promise<void> {
    const withoutGold = includeGold ? '' : `AND NOT (${touchesGold('a.completion_id', 'b.completion_id', 'f.criterion_version_id')})`;
    const orders = `
      SELECT md5(a.completion_id::text || b.completion_id::text)::uuid AS item, f.labeler_id, f.id,
             1 + sign(b.rank - a.rank)::int AS level
      FROM pair_set_preferences m JOIN preferences f ON f.id = m.preference_id
      JOIN preference_ranks a ON a.preference_id = f.id
      JOIN preference_ranks b ON b.preference_id = f.id AND b.completion_id > a.completion_id
      WHERE m.pair_set_id = $2 ${withoutGold}`;
    return this.pack(tx, orders, [labelerIds, pairSetId]);
  }

  /** What was packed last. */
  readAnswers(tx: Transaction, after: number, limit: number): Promise<{ item: number; answers: string }[]> {
    return tx.query('SELECT item, answers FROM pair_answers WHERE item > $1 ORDER BY item LIMIT $2', [after, limit]);
  }

  async insert(tx: Transaction, pairSetId: string, weights: readonly LabelerWeight[]): Promise<void> {
    await tx.query(
      `INSERT INTO pair_set_labeler_weights
         (pair_set_id, labeler_id, ratings, reliability, weight, preferences, preference_reliability, preference_weight)
       SELECT $1::uuid, w."labelerId", w.ratings, w.reliability, w.weight, w.preferences, w."preferenceReliability", w."preferenceWeight"
       FROM jsonb_to_recordset($2::jsonb) AS w ("labelerId" uuid, ratings int, reliability float8, weight numeric, preferences int,
                                                "preferenceReliability" float8, "preferenceWeight" numeric)`,
      [pairSetId, JSON.stringify(weights)],
    );
  }

  /**
   * Lays out the answers to items that at least two labelers judged, for `readAnswers`: one row per item,
   * `labeler:level` separated by commas, labelers being places in $1.
   */
  private async pack(tx: Transaction, source: string, values: unknown[]): Promise<void> {
    await tx.query('DROP TABLE IF EXISTS pair_answers');
    await tx.query('CREATE TEMP TABLE pair_answers (item int PRIMARY KEY, answers text) ON COMMIT DROP');
    await tx.query(
      `INSERT INTO pair_answers
       WITH recorded AS MATERIALIZED (${source}),
       numbered AS (SELECT labeler_id, place - 1 AS labeler FROM unnest($1::uuid[]) WITH ORDINALITY AS given (labeler_id, place))
       SELECT row_number() OVER (ORDER BY item) - 1, string_agg(labeler || ':' || level, ',' ORDER BY labeler, id)
       FROM recorded JOIN numbered USING (labeler_id)
       GROUP BY item HAVING min(labeler) <> max(labeler)`,
      values,
    );
  }
}
