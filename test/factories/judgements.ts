import { newId } from '#src/common/id.js';
import type { TestApp } from '../support/app.js';
import { withSql } from './ratings.js';

export interface GivenRating {
  completionId: string;
  labelerId: string;
  score: number;
  dimensionScores?: Record<string, number>;
  position?: number;
  timeSpentMs?: number;
  vendorId?: string;
  supersedesId?: string;
}

/** Ratings under a criterion version, by one statement; ids in the order given. */
export async function givenRatings(t: TestApp, criterionVersionId: string, ratings: GivenRating[]): Promise<string[]> {
  const rows = ratings.map((rating) => ({
    id: newId(),
    completion_id: rating.completionId,
    criterion_version_id: criterionVersionId,
    labeler_id: rating.labelerId,
    score: rating.score,
    dimension_scores: rating.dimensionScores ?? null,
    position: rating.position ?? null,
    time_spent_ms: rating.timeSpentMs ?? null,
    vendor_id: rating.vendorId ?? null,
    supersedes_id: rating.supersedesId ?? null,
    flags: [],
  }));
  const columns = Object.keys(rows[0]).join(', ');
  await withSql(t, (sql) =>
    sql.query(`INSERT INTO ratings (${columns}) SELECT ${columns} FROM jsonb_populate_recordset(NULL::ratings, $1)`, [JSON.stringify(rows)]),
  );
  return rows.map(({ id }) => id);
}
