/**
 * Writes a value that changes faster than it is worth writing: at most once per interval, never two at a
 * time, and the last value always, at the latest by `flush`.
 */
export class LatestWriter<T> {
  private waiting: { value: T } | undefined;
  private writing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastAt = -Infinity;

  /** @param write must not reject */
  constructor(
    private readonly write: (value: T) => Promise<void>,
    private readonly intervalMs: number,
  ) {}

  put(value: T): void {
    this.waiting = { value };
    this.schedule();
  }

  async flush(): Promise<void> {
    while (this.writing || this.waiting) {
      if (!this.writing) this.send();
      await this.writing;
    }
  }

  private schedule(): void {
    if (this.timer || this.writing || !this.waiting) return;
    const wait = this.lastAt + this.intervalMs - performance.now();
    if (wait <= 0) this.send();
    else this.timer = setTimeout(() => this.send(), wait);
  }

  private send(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { value } = this.waiting!;
    this.waiting = undefined;
    this.lastAt = performance.now();
    this.writing = this.write(value).finally(() => {
      this.writing = undefined;
      this.schedule();
    });
  }
}
