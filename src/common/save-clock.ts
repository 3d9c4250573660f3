/** When a long computation should save how far it is: every so often, but never so often that saving is what it does. */
export class SaveClock {
  private savedAt: number;
  private tookMs = 0;

  /** @param now milliseconds of a clock */
  constructor(
    private readonly everyMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.savedAt = now();
  }

  /** The interval has passed since the last save, and saving so soon again would take at most a twentieth of the time. */
  due(): boolean {
    const since = this.now() - this.savedAt;
    // 0 saves after every step, regardless of the cost.
    return since >= (this.everyMs === 0 ? 0 : Math.max(this.everyMs, 19 * this.tookMs));
  }

  async measure(save: () => Promise<void>): Promise<void> {
    const started = this.now();
    await save();
    this.savedAt = this.now();
    this.tookMs = this.savedAt - started;
  }
}
