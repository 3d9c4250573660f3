import { Injectable } from '@nestjs/common';
import type { Transaction } from '#src/database/database.js';
import type { LabelerPairTable } from './agreement-report.js';
import type { Source } from './agreement-sql.js';
import type { CountPattern } from './coincidences.js';

export interface RatedCounts {
  ratings: number;
  items: number;
  labelers: number;
}

export interface CollectedDimension {
  patterns: CountPattern[];
  pairs: LabelerPairTable[];
  /** Pairs of labelers with items in common, of which `pairs` are the first. */
  total: number;
}

/**
 * Counts what agreement needs, in the database. `collect` lays out one row per item and labeler with the level given in
 * every dimension; all else is counted from these rows. If a labeler rated an item several times, the latest counts: two ratings
 * by one person are no agreement between people.
 */
@Injectable()
export class AgreementRepository {
  async collect(tx: Transaction, source: Source): Promise<RatedCounts> {
    // A million rows are sorted in memory.
    await tx.query(`SET LOCAL work_mem = '128MB'; SET LOCAL jit = off`);
    const levels = source.levels.map((column) => `${column} smallint`);
    await tx.query(`CREATE TEMP TABLE agreement_values (item uuid, labeler_id uuid, ${levels.join(', ')}) ON COMMIT DROP`);
    await tx.query(
      `INSERT INTO agreement_values
       SELECT DISTINCT ON (item, labeler_id) item, labeler_id, ${source.levels.join(', ')} FROM (${source.sql}) source
       ORDER BY item, labeler_id, id DESC`,
      source.values,
    );
    await tx.query('ANALYZE agreement_values');
    const [counts]: RatedCounts[] = await tx.query(
      `SELECT count(*)::int AS ratings, (SELECT count(*)::int FROM (SELECT DISTINCT item FROM agreement_values) i) AS items,
              (SELECT count(*)::int FROM (SELECT DISTINCT labeler_id FROM agreement_values) l) AS labelers
       FROM agreement_values`,
    );
    return counts;
  }

  /** @param column of the dimension's levels */
  async dimension(tx: Transaction, column: string, levels: number, pairLimit: number): Promise<CollectedDimension> {
    return { patterns: await this.patterns(tx, column, levels), ...(await this.labelerPairs(tx, column, levels, pairLimit)) };
  }

  /** Items by how often each level was given to them, without those rated once. */
  private patterns(tx: Transaction, column: string, levels: number): Promise<CountPattern[]> {
    const counts = Array.from({ length: levels }, (_, level) => `count(*) FILTER (WHERE ${column} = ${level})::int`);
    return tx.query(
      `SELECT counts, count(*)::int AS items
       FROM (SELECT ARRAY[${counts.join(', ')}] AS counts FROM agreement_values
             WHERE ${column} IS NOT NULL GROUP BY item HAVING count(*) > 1) of_item
       GROUP BY counts ORDER BY counts`,
    );
  }

  /** The pairs of labelers with most items in common, and how many pairs have any. */
  private async labelerPairs(
    tx: Transaction,
    column: string,
    levels: number,
    limit: number,
  ): Promise<Omit<CollectedDimension, 'patterns'>> {
    const rows: (LabelerPairTable & { total: number })[] = await tx.query(
      `WITH cells AS MATERIALIZED (
         SELECT a.labeler_id AS a, b.labeler_id AS b, a.${column} * ${levels} + b.${column} AS cell,
                count(*)::int AS items
         FROM agreement_values a JOIN agreement_values b ON b.item = a.item AND b.labeler_id > a.labeler_id
         WHERE a.${column} IS NOT NULL AND b.${column} IS NOT NULL GROUP BY 1, 2, 3),
       shared AS (
         SELECT a, b, sum(items) AS items, count(*) OVER ()::int AS total FROM cells GROUP BY a, b ORDER BY 3 DESC, a, b LIMIT $1)
       SELECT ARRAY[s.a, s.b] AS "labelerIds", s.total, array_agg(c.cell::int ORDER BY c.cell) AS cells,
              array_agg(c.items ORDER BY c.cell) AS items
       FROM shared s JOIN cells c ON c.a = s.a AND c.b = s.b GROUP BY s.a, s.b, s.total, s.items ORDER BY s.items DESC, s.a, s.b`,
      [limit],
    );
    return { pairs: rows, total: rows[0]?.total ?? 0 };
  }
}
