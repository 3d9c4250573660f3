import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';

export interface LabelerWeight {
  labelerId: string;
  /** Ratings of the set that are theirs. */
  ratings: number;
  /** Null where all ratings of the set are alike. */
  reliability: number | null;
  weight: number;
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

  /** Labelers of the set in the order of their ids, which is how `answers` numbers them. */
  labelers(tx: Transaction, pairSetId: string): Promise<{ labelerId: string; ratings: number }[]> {
    return tx.query(
      `SELECT r.labeler_id AS "labelerId", count(*)::int AS ratings
       FROM pair_set_ratings m JOIN ratings r ON r.id = m.rating_id WHERE m.pair_set_id = $1 GROUP BY 1 ORDER BY 1`,
      [pairSetId],
    );
  }

  /**
   * Lays out the answers to completions that at least two labelers rated, for `readAnswers`: one row per completion,
   * `labeler:level` separated by commas.
   *
   * @param borders between the levels, ascending; a score counts for the level it lies nearest to
   */
  async packAnswers(tx: Transaction, pairSetId: string, borders: readonly number[]): Promise<void> {
    await tx.query('CREATE TEMP TABLE pair_answers (item int PRIMARY KEY, answers text) ON COMMIT DROP');
    await tx.query(
      `INSERT INTO pair_answers
       WITH recorded AS MATERIALIZED (
         SELECT r.id, r.completion_id, r.labeler_id, width_bucket(r.score, $2::float8[]) AS level
         FROM pair_set_ratings m JOIN ratings r ON r.id = m.rating_id WHERE m.pair_set_id = $1),
       numbered AS (
         SELECT labeler_id, row_number() OVER (ORDER BY labeler_id) - 1 AS labeler
         FROM (SELECT DISTINCT labeler_id FROM recorded) labelers)
       SELECT row_number() OVER (ORDER BY completion_id) - 1, string_agg(labeler || ':' || level, ',' ORDER BY labeler, id)
       FROM recorded JOIN numbered USING (labeler_id)
       GROUP BY completion_id HAVING min(labeler) <> max(labeler)`,
      [pairSetId, borders],
    );
  }

  readAnswers(tx: Transaction, after: number, limit: number): Promise<{ item: number; answers: string }[]> {
    return tx.query('SELECT item, answers FROM pair_answers WHERE item > $1 ORDER BY item LIMIT $2', [after, limit]);
  }

  async insert(tx: Transaction, pairSetId: string, weights: readonly LabelerWeight[]): Promise<void> {
    await tx.query(
      `INSERT INTO pair_set_labeler_weights (pair_set_id, labeler_id, ratings, reliability, weight)
       SELECT $1::uuid, w."labelerId", w.ratings, w.reliability, w.weight
       FROM jsonb_to_recordset($2::jsonb) AS w ("labelerId" uuid, ratings int, reliability float8, weight numeric)`,
      [pairSetId, JSON.stringify(weights)],
    );
  }
}
