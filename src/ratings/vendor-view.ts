/**
 * What a vendor may name in a rating or look at: completions that were leased to it, versions that its batches are
 * rated by. Both are rows of the room `labeling`, which lies downstream: read here as rows, never imported.
 */

/** SQL: the completion of `table` is or was in a task of the vendor in this parameter; null is the owner, who sees all. */
export function leasedTo(table: string, parameter: number): string {
  return `($${parameter}::uuid IS NULL OR EXISTS (
    SELECT FROM labeling_tasks t WHERE t.vendor_id = $${parameter} AND t.completion_order @> ARRAY[${table}.id]))`;
}

/** SQL: the criterion version in this column is that of a batch of the vendor. */
export function ratedBy(column: string, parameter: number): string {
  return `($${parameter}::uuid IS NULL OR EXISTS (
    SELECT FROM labeling_batches b WHERE $${parameter} = ANY (b.vendor_ids) AND b.criterion_version_id = ${column}))`;
}
