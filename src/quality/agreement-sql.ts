// Which judgements agreement is taken over, as rows (item, labeler_id, id, levels): the levels given overall and in
// each dimension of the criterion. Two sources: scores, and orders. Gold items are left out: they are chosen because they are clear.
import { isGold } from '#src/ratings/gold-sql.js';

export interface AgreementScope {
  criterionVersionId: string;
  /** Judgements of this vendor's labelers only; null takes all. */
  vendorId: string | null;
  /** Answers to tasks of this batch only; null takes all but those of pilots. */
  labelingBatchId: string | null;
}

export interface Source {
  sql: string;
  values: unknown[];
}

const notSuperseded = (table: string, row: string) => `NOT EXISTS (SELECT FROM ${table} later WHERE later.supersedes_id = ${row}.id)`;

/** $1 the criterion version, $2 the vendor, $3 the batch. */
const inScope = (row: string) => `
  ${row}.criterion_version_id = $1 AND ($2::uuid IS NULL OR ${row}.vendor_id = $2)
  AND CASE WHEN $3::uuid IS NULL
      THEN ${row}.labeling_task_id IS NULL OR ${row}.labeling_task_id NOT IN (
        SELECT t.id FROM labeling_tasks t JOIN labeling_batches b ON b.id = t.batch_id
        WHERE b.purpose = 'pilot' AND b.criterion_version_id = $1)
      ELSE ${row}.labeling_task_id IN (SELECT t.id FROM labeling_tasks t WHERE t.batch_id = $3) END`;

/** @param borders between the levels of the scale, see levels.ts */
export function scoreSource(scope: AgreementScope, borders: readonly number[], dimensions: readonly string[]): Source {
  const values: unknown[] = [scope.criterionVersionId, scope.vendorId, scope.labelingBatchId, borders];
  const given = dimensions.map((name) => {
    values.push(name);
    return `width_bucket((r.dimension_scores->>$${values.length}::text)::float8, $4::float8[])::smallint`;
  });
  const sql = `
    SELECT r.completion_id AS item, r.labeler_id, r.id,
           ARRAY[${['width_bucket(r.score, $4::float8[])::smallint', ...given].join(', ')}] AS levels
    FROM ratings r WHERE ${inScope('r')} AND ${notSuperseded('ratings', 'r')} AND NOT ${isGold('r.completion_id', 'r.criterion_version_id')}`;
  return { sql, values };
}

/** What an order of two completions may say of the one with the lower id. */
export const orderValues = [-1, 0, 1];

/** Rankings and comparisons: an item is a pair of completions, its levels are worse, tied and better. */
export function orderSource(scope: AgreementScope): Source {
  const sql = `
    SELECT md5(a.completion_id::text || b.completion_id::text)::uuid AS item, p.labeler_id, p.id,
           ARRAY[(1 + sign(b.rank - a.rank))::smallint] AS levels
    FROM preferences p
    JOIN preference_ranks a ON a.preference_id = p.id
    JOIN preference_ranks b ON b.preference_id = p.id AND b.completion_id > a.completion_id
    WHERE ${inScope('p')} AND ${notSuperseded('preferences', 'p')}`;
  return { sql, values: [scope.criterionVersionId, scope.vendorId, scope.labelingBatchId] };
}
