// Scores as levels of a scale. An overall score that was computed from dimensions may lie between two levels: it
// counts for the nearer one, in the middle for the upper one.

/** Borders between the levels, ascending: what Postgres' `width_bucket` takes. */
export function bordersOf(values: readonly number[]): number[] {
  return values.slice(1).map((value, i) => (values[i] + value) / 2);
}
