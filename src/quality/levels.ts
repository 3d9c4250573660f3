// Scores as levels of a scale. An overall score that was computed from dimensions may lie between two levels: it
// counts for the nearer one, in the middle for the upper one.

/** Borders between the levels, ascending: what Postgres' `width_bucket` and `levelOf` take. */
export function bordersOf(values: readonly number[]): number[] {
  return values.slice(1).map((value, i) => (values[i] + value) / 2);
}

/** Index of the level that a score counts for. */
export function levelOf(score: number, borders: readonly number[]): number {
  let level = 0;
  while (level < borders.length && score >= borders[level]) level++;
  return level;
}
