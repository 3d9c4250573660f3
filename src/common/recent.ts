/** Keeps the most recently used values alive; those used longest ago are released first. */
export class Recent<V> {
  private readonly values = new Map<string, V>();

  constructor(
    private readonly capacity: number,
    private readonly release: (value: V) => Promise<void>,
  ) {}

  async get(key: string, make: () => Promise<V>): Promise<V> {
    const value = this.values.get(key) ?? (await make());
    // Re-inserting keeps the map in order of last use.
    this.values.delete(key);
    this.values.set(key, value);
    const [oldest] = this.values;
    if (this.values.size > this.capacity) {
      this.values.delete(oldest[0]);
      await this.release(oldest[1]);
    }
    return value;
  }

  async clear(): Promise<void> {
    const values = [...this.values.values()];
    this.values.clear();
    for (const value of values) await this.release(value);
  }
}
