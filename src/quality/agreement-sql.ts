// Which judgements agreement is taken over, as rows (item, labeler_id, id, l1, l2, ...): the level given overall and in
// each dimension of the criterion. Two sources: scores, and orders. Gold items are left out: they are chosen because they are
// clear. Not so for a vendor, whom the difference to its own count of answers would tell which they are.
import { isGold, isGoldPair } from '#src/ratings/gold-sql.js';

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
  /** Names of the columns with levels, overall first. */
  levels: string[];
}

/** `IS NOT NULL` tells the planner how few these are: it hashes them, and not the million that may be superseded. */
const notSuperseded = (table: string, row: string) =>
  `NOT EXISTS (SELECT FROM ${table} later WHERE later.supersedes_id = ${row}.id AND later.supersedes_id IS NOT NULL)`;

/** $1 the criterion version, $2 the vendor, $3 the batch. */
function inScope(row: string, { labelingBatchId }: AgreementScope): string {
  // Two texts, so that a batch is found by the index of its tasks and not by looking through all ratings of the version.
  const of =
    labelingBatchId === null
      ? `$3::uuid IS NULL AND (${row}.labeling_task_id IS NULL OR ${row}.labeling_task_id NOT IN (
           SELECT t.id FROM labeling_tasks t JOIN labeling_batches b ON b.id = t.batch_id WHERE b.purpose = 'pilot'))`
      : `${row}.labeling_task_id IN (SELECT t.id FROM labeling_tasks t WHERE t.batch_id = $3)`;
  return `${row}.criterion_version_id = $1 AND ($2::uuid IS NULL OR ${row}.vendor_id = $2) AND ${of}`;
}

/** @param borders between the levels of the scale, see levels.ts */
export function scoreSource(scope: AgreementScope, borders: readonly number[], dimensions: readonly string[]): Source {
  const values: unknown[] = [scope.criterionVersionId, scope.vendorId, scope.labelingBatchId, borders];
  const given = dimensions.map((name) => {
    values.push(name);
    return `(r.dimension_scores->>$${values.length}::text)::float8`;
  });
  const levels = ['r.score', ...given].map((score, d) => `width_bucket(${score}, $4::float8[])::smallint AS ${levelColumn(d)}`);
  const withoutGold = scope.vendorId === null ? `AND NOT ${isGold('r.completion_id', 'r.criterion_version_id')}` : '';
  const sql = `
    SELECT r.completion_id AS item, r.labeler_id, r.id, ${levels.join(', ')}
    FROM ratings r WHERE ${inScope('r', scope)} AND ${notSuperseded('ratings', 'r')} ${withoutGold}`;
  return { sql, values, levels: levels.map((_, d) => levelColumn(d)) };
}

/** @param dimension 0 for the overall score, then the dimensions in order */
export function levelColumn(dimension: number): string {
  return `l${dimension + 1}`;
}

/** What an order of two completions may say of the one with the lower id. */
export const orderValues = [-1, 0, 1];

/** Rankings and comparisons: an item is a pair of completions, its levels are worse, tied and better. */
export function orderSource(scope: AgreementScope): Source {
  const sql = `
    SELECT md5(a.completion_id::text || b.completion_id::text)::uuid AS item, p.labeler_id, p.id,
           (1 + sign(b.rank - a.rank))::smallint AS ${levelColumn(0)}
    FROM preferences p
    JOIN preference_ranks a ON a.preference_id = p.id
    JOIN preference_ranks b ON b.preference_id = p.id AND b.completion_id > a.completion_id
    WHERE ${inScope('p', scope)} AND ${notSuperseded('preferences', 'p')}
      ${scope.vendorId === null ? `AND NOT ${isGoldPair('a.completion_id', 'b.completion_id', 'p.criterion_version_id')}` : ''}`;
  return { sql, values: [scope.criterionVersionId, scope.vendorId, scope.labelingBatchId], levels: [levelColumn(0)] };
}
