/**
 * Estimates the seconds left from the pace since the first report. The first value is the base, not zero,
 * because a job that resumes reports where it stands before it has done anything.
 */
export class ProgressMeter {
  private base: { completed: number; at: number } | undefined;

  /** @param now milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  reset(): void {
    this.base = undefined;
  }

  /** Seconds left; null while unknown. */
  eta(completed: number, total: number | null): number | null {
    const at = this.now();
    if (!this.base || completed < this.base.completed) this.base = { completed, at };
    const done = completed - this.base.completed;
    if (total === null || done <= 0) return null;
    const left = Math.max(0, total - completed);
    return Math.round(((at - this.base.at) / done) * left) / 1000;
  }
}
