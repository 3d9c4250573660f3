// Looks for work again and again, and at once when it is told of some. One look at a time; what comes during a look is looked for after it.

/** The longest pause that failures make. */
const longestBackoffMs = 5000;

export interface PollerSettings {
  everyMs: number;
  /** Between two looks, however often it is told of work. */
  restMs?: number;
  /** One look; true where more is likely to be there, which is looked for at once. */
  look: () => Promise<boolean>;
  /** Of failures in a row, the first one. */
  failed: (error: Error) => void;
  /** The first look that succeeds after failures. */
  recovered?: () => void;
}

export class Poller {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private again = false;
  private failures = 0;
  private closed = false;
  private endPause: () => void = () => undefined;

  constructor(private readonly settings: PollerSettings) {}

  start(): void {
    this.timer = setInterval(() => this.kick(), this.settings.everyMs);
    this.kick();
  }

  /** There may be work. */
  kick(): void {
    this.again = true;
    if (!this.closed) this.looking ??= this.drain().finally(() => (this.looking = undefined));
  }

  /** No look begins any more; the one that is on is awaited. */
  async stop(): Promise<void> {
    this.closed = true;
    this.endPause();
    clearInterval(this.timer);
    await this.looking;
  }

  private async drain(): Promise<void> {
    while (this.again && !this.closed) {
      this.again = false;
      const { restMs = 0 } = this.settings;
      await this.look();
      const pause = Math.max(restMs, this.failures === 0 ? 0 : Math.min(longestBackoffMs, this.settings.everyMs * 2 ** (this.failures - 1)));
      if (pause > 0 && !this.closed) await this.pause(pause);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async look(): Promise<void> {
    try {
      if (await this.settings.look()) this.again = true;
      if (this.failures > 0) this.settings.recovered?.();
      this.failures = 0;
    } catch (error) {
      if (this.failures === 0) this.settings.failed(error as Error);
      this.failures++;
    }
  }
}
