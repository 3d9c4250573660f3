/**
 * SQL: whether a rating is as a gold item expects, in every dimension that it says something about.
 *
 * @param rating alias of a row of `ratings`
 * @param gold alias of a row of `gold_items`
 */
export function goldPassed(rating: string, gold: string): string {
  const given = `CASE WHEN e.dimension IS NULL THEN ${rating}.score ELSE (${rating}.dimension_scores->>e.dimension)::float8 END`;
  return `NOT EXISTS (
    SELECT FROM jsonb_to_recordset(${gold}.expected) AS e (dimension text, minimum float8, maximum float8)
    WHERE (${given} BETWEEN e.minimum AND e.maximum) IS NOT TRUE)`;
}

/**
 * SQL: whether a completion is gold under a criterion version, now or in the past. What people give to it says how good
 * they are, and is neither agreement about work nor a preference to learn.
 */
export function isGold(completionId: string, criterionVersionId: string): string {
  return `EXISTS (SELECT FROM gold_items gold WHERE gold.completion_id = ${completionId} AND gold.criterion_version_id = ${criterionVersionId})`;
}
