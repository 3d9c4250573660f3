/** Keeps the most recently used values alive; those used longest ago are released first. */
export class Recent<V> {
  private readonly values = new Map<string, Promise<V>>();

  constructor(
    private readonly capacity: number,
    private readonly release: (value: V) => Promise<void>,
  ) {}

  /** Concurrent callers share one computation of a value. A failed computation is not kept. */
  async get(key: string, make: () => Promise<V>): Promise<V> {
    const value = this.values.get(key) ?? make();
    // Re-inserting keeps the map in order of last use.
    this.values.delete(key);
    this.values.set(key, value);
    try {
      await value;
    } catch (error) {
      if (this.values.get(key) === value) this.values.delete(key);
      throw error;
    }
    await this.shrink();
    return value;
  }

  async clear(): Promise<void> {
    const values = [...this.values.values()];
    this.values.clear();
    for (const value of values) await this.dispose(value);
  }

  private async shrink(): Promise<void> {
    while (this.values.size > this.capacity) {
      const [[key, value]] = this.values;
      this.values.delete(key);
      await this.dispose(value);
    }
  }

  private async dispose(value: Promise<V>): Promise<void> {
    const made = await value.then((v) => ({ v }), () => undefined);
    if (made) await this.release(made.v);
  }
}
