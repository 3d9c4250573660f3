import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import type { PairSetConfig, Split } from './pair-set-config.js';
import { PairSet } from './pair-set.entity.js';
import {
  candidatePairs,
  effectiveRatings,
  possibleCounts,
  recordedRatings,
  scoredCompletions,
  selectedPairs,
} from './pair-sql.js';
import { decidedPairs, effectivePreferences, recordedPreferences } from './preference-sql.js';
import { Parameters } from './sql-parts.js';

export interface PossibleCounts {
  ratings: number;
  completions: number;
  prompts: number;
  possiblePairs: number;
  ties: number;
  /** Pairs that rankings and comparisons decide. */
  decidedByPreference: number;
}

export interface SplitCounts {
  split: Split;
  pairs: number;
  ties: number;
  prompts: number;
}

/**
 * The steps of building, each one statement, all in one transaction. What a completion scores is kept in the
 * temporary table `pair_scores` until it ends, what rankings and comparisons decide in `pair_votes`, both with statistics,
 * so that the joins over them are planned well.
 */
@Injectable()
export class PairBuildRepository {
  /**
   * For the rest of the transaction: every join here is over whole sets. Of rows written a moment ago and of
   * intermediate results the planner knows no counts, takes them for few, and would loop over them by the hour.
   */
  async planForSets(tx: Transaction): Promise<void> {
    await tx.query('SET LOCAL enable_nestloop = off');
    await tx.query('SET LOCAL jit = off');
    // Hashes of a million rows would otherwise go through files.
    await tx.query(`SET LOCAL work_mem = '96MB'`);
  }

  /** The set, locked, or null when it is built already or not there. */
  lockUnbuilt(tx: Transaction, id: string): Promise<PairSet | null> {
    return tx
      .createQueryBuilder(PairSet, 'pair_set')
      .where('pair_set.id = :id AND pair_set.builtAt IS NULL', { id })
      .setLock('pessimistic_write')
      .getOne();
  }

  /** Takes away what an earlier attempt left. */
  async clear(tx: Transaction, id: string): Promise<void> {
    await tx.query('DELETE FROM pairs WHERE pair_set_id = $1', [id]);
    await tx.query('DELETE FROM pair_set_ratings WHERE pair_set_id = $1', [id]);
    await tx.query('DELETE FROM pair_set_preferences WHERE pair_set_id = $1', [id]);
    await tx.query('DELETE FROM pair_set_labeler_weights WHERE pair_set_id = $1', [id]);
  }

  /** Fixes which ratings the set is made of; whatever is rated or corrected later does not reach it. */
  async recordRatings(tx: Transaction, set: PairSet): Promise<void> {
    const p = new Parameters();
    const source = effectiveRatings(set.criterionVersionId, set.config, p);
    const id = p.add(set.id, 'uuid');
    await tx.query(
      `INSERT INTO pair_set_ratings (pair_set_id, rating_id) SELECT ${id}, id FROM (${source}) source`,
      p.values,
    );
  }

  /** The same for rankings and comparisons; how many they are. */
  async recordPreferences(tx: Transaction, set: PairSet): Promise<number> {
    const p = new Parameters();
    const source = effectivePreferences(set.criterionVersionId, set.config, p);
    const id = p.add(set.id, 'uuid');
    const [{ preferences }]: { preferences: number }[] = await tx.query(
      `WITH inserted AS (
         INSERT INTO pair_set_preferences (pair_set_id, preference_id) SELECT ${id}, id FROM (${source}) source RETURNING 1)
       SELECT count(*)::int AS preferences FROM inserted`,
      p.values,
    );
    return preferences;
  }

  /** Scores every completion; says how many pairs these could make. */
  async scoreCompletions(tx: Transaction, set: PairSet): Promise<PossibleCounts> {
    const p = new Parameters();
    const scored = scoredCompletions(recordedRatings(set.id, p), set.config, p, set.id);
    // A table cannot be created from a query with parameters.
    await tx.query(`CREATE TEMP TABLE pair_scores (completion_id uuid, prompt_id uuid, ratings int, score float8,
                      trust numeric, tie_key uuid, split text) ON COMMIT DROP`);
    await tx.query(`INSERT INTO pair_scores ${scored}`, p.values);
    const v = new Parameters();
    const decided = decidedPairs(recordedPreferences(set.id, v), set.config, v, set.id);
    await tx.query(`CREATE TEMP TABLE pair_votes (prompt_id uuid, first_id uuid, second_id uuid, net numeric,
                      votes numeric, trust numeric, split text) ON COMMIT DROP`);
    await tx.query(`INSERT INTO pair_votes ${decided}`, v.values);
    await tx.query('ANALYZE pair_scores, pair_votes');
    return this.possible(tx);
  }

  /** Numbers the pairs by prompt and hash: an order that any machine finds again. */
  async insertPairs(tx: Transaction, set: PairSet): Promise<number> {
    const p = new Parameters();
    const selected = selectedPairs(`(${candidatePairs('pair_scores', 'pair_votes', set.config, p)})`, set.config, p);
    const id = p.add(set.id, 'uuid');
    const [{ pairs }]: { pairs: number }[] = await tx.query(
      `WITH inserted AS (
         INSERT INTO pairs (pair_set_id, ordinal, prompt_id, chosen_completion_id, rejected_completion_id,
                            chosen_score, rejected_score, tie, split, weight)
         SELECT ${id}, row_number() OVER (ORDER BY prompt_id, pair_key) - 1, prompt_id, chosen_id, rejected_id,
                chosen_score, rejected_score, tie, split, weight
         FROM (${selected}) selected
         RETURNING 1)
       SELECT count(*)::int AS pairs FROM inserted`,
      p.values,
    );
    return pairs;
  }

  /** Untied pairs that the margin lets through, before any sampling. */
  async countUntied(tx: Transaction, config: PairSetConfig): Promise<number> {
    const p = new Parameters();
    const untied = candidatePairs('pair_scores', 'pair_votes', { ...config, ties: 'drop' }, p);
    const [{ pairs }]: { pairs: number }[] = await tx.query(
      `SELECT count(*)::int AS pairs FROM (${untied}) untied`,
      p.values,
    );
    return pairs;
  }

  /** Counts what a build would make, from the ratings as they are now, and writes nothing. */
  async preview(
    tx: Transaction,
    criterionVersionId: string,
    config: PairSetConfig,
    maximum: number,
  ): Promise<{ possible: PossibleCounts; splits: SplitCounts[] | null }> {
    const p = new Parameters();
    const scored = scoredCompletions(effectiveRatings(criterionVersionId, config, p), config, p);
    const decided = decidedPairs(effectivePreferences(criterionVersionId, config, p), config, p);
    const judged = `scored AS MATERIALIZED (${scored}), decided AS MATERIALIZED (${decided})`;
    const [possible]: PossibleCounts[] = await tx.query(
      `WITH ${judged} SELECT * FROM (${possibleCounts('scored', 'decided')}) counts`,
      p.values,
    );
    if (possible.possiblePairs > maximum) return { possible, splits: null };
    const selected = selectedPairs(`(${candidatePairs('scored', 'decided', config, p)})`, config, p);
    const splits: SplitCounts[] = await tx.query(
      `WITH ${judged}
       SELECT split, count(*)::int AS pairs, count(*) FILTER (WHERE tie)::int AS ties,
              count(DISTINCT prompt_id)::int AS prompts
       FROM (${selected}) selected GROUP BY split`,
      p.values,
    );
    return { possible, splits };
  }

  /**
   * sha256 of the hashes of blocks of 1,000 pairs: no text grows with the set. A weight counts where there is one.
   *
   * @param header what the hash covers beside the pairs
   */
  async contentHash(tx: Transaction, id: string, header: string): Promise<string> {
    const [{ hash }]: { hash: string }[] = await tx.query(
      `SELECT encode(sha256(convert_to($2 || coalesce(string_agg(block, '' ORDER BY number), ''), 'UTF8')), 'hex') AS hash
       FROM (SELECT ordinal / 1000 AS number, encode(sha256(convert_to(string_agg(
               concat_ws('|', chosen_completion_id, rejected_completion_id, chosen_score, rejected_score, tie, split, weight),
               E'\\n' ORDER BY ordinal), 'UTF8')), 'hex') AS block
             FROM pairs WHERE pair_set_id = $1 GROUP BY 1) blocks`,
      [id, header],
    );
    return hash;
  }

  async completionBatches(tx: Transaction): Promise<string[]> {
    const rows: { id: string }[] = await tx.query(
      `SELECT DISTINCT c.batch_id AS id
       FROM (SELECT completion_id FROM pair_scores UNION SELECT first_id FROM pair_votes UNION SELECT second_id FROM pair_votes) s
       JOIN completions c ON c.id = s.completion_id
       WHERE c.batch_id IS NOT NULL ORDER BY 1`,
    );
    return rows.map((row) => row.id);
  }

  async saveBuilt(tx: Transaction, id: string, built: Pick<PairSet, 'contentHash' | 'pairCount' | 'diagnostics'>): Promise<void> {
    await tx.update(PairSet, { id }, { ...built, diagnostics: built.diagnostics! });
  }

  async markBuilt(tx: Transaction, id: string): Promise<void> {
    await tx.update(PairSet, { id }, { builtAt: () => 'coalesce(built_at, now())' });
  }

  private async possible(tx: Transaction): Promise<PossibleCounts> {
    const [possible]: PossibleCounts[] = await tx.query(possibleCounts('pair_scores', 'pair_votes'));
    return possible;
  }
}
