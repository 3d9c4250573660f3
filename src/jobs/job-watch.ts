/** A subscription to the changes of one job; a change is remembered until a caller has waited for it. */
export class JobWatch {
  private news = false;
  private waiting: (() => void) | undefined;

  constructor(readonly stop: () => void) {}

  readonly wake = (): void => {
    this.news = true;
    this.waiting?.();
  };

  /** Resolves when the job changed since the last call, after `ms`, or when `signal` aborts. */
  async changed(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.news && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          // A request that waits long waits often: its signal would gather a listener for each time.
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        this.waiting = done;
        signal?.addEventListener('abort', done);
      });
    }
    this.waiting = undefined;
    this.news = false;
  }
}
