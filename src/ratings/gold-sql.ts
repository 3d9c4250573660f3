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
 * SQL: what rankings and comparisons that nothing supersedes say of the pairs that are gold, as rows (gold_item_id,
 * criterion_version_id, retired_at, labeler_id, passed). A tie does not pass.
 */
export const comparedGold = `
  SELECT g.id AS gold_item_id, g.criterion_version_id, g.retired_at, p.labeler_id, better.rank < worse.rank AS passed
  FROM gold_items g
  JOIN preference_ranks better ON better.completion_id = g.completion_id
  JOIN preference_ranks worse ON worse.preference_id = better.preference_id AND worse.completion_id = g.worse_completion_id
  JOIN preferences p ON p.id = better.preference_id AND p.criterion_version_id = g.criterion_version_id
  WHERE NOT EXISTS (SELECT FROM preferences later WHERE later.supersedes_id = p.id)`;

/**
 * SQL: whether a completion is gold under a criterion version, now or in the past. What people give to it says how good
 * they are, and is neither agreement about work nor a preference to learn.
 */
export function isGold(completionId: string, criterionVersionId: string): string {
  return `EXISTS (SELECT FROM gold_items gold WHERE gold.completion_id = ${completionId} AND gold.worse_completion_id IS NULL
    AND gold.criterion_version_id = ${criterionVersionId})`;
}

/** SQL: the same of two completions, whichever of them is the better one. */
export function isGoldPair(one: string, other: string, criterionVersionId: string): string {
  return `EXISTS (SELECT FROM gold_items gold WHERE gold.criterion_version_id = ${criterionVersionId}
    AND least(gold.completion_id, gold.worse_completion_id) = least(${one}, ${other})
    AND greatest(gold.completion_id, gold.worse_completion_id) = greatest(${one}, ${other}) AND gold.worse_completion_id IS NOT NULL)`;
}

/** SQL: whether one of two completions is gold by itself, or both are as a pair. */
export function touchesGold(one: string, other: string, criterionVersionId: string): string {
  return [isGold(one, criterionVersionId), isGold(other, criterionVersionId), isGoldPair(one, other, criterionVersionId)].join(' OR ');
}
