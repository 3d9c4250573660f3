/**
 * Counts what may come in floods: the first of its kind is reported at once, those of the next minute as one sum, so that a
 * flood of refused requests is recorded without flooding the table.
 */
export interface Counted<T> {
  kind: T;
  count: number;
  /** Of the first in this count. */
  since: Date;
}

interface Window<T> extends Counted<T> {
  until: number;
}

export class Tally<T> {
  private readonly windows = new Map<string, Window<T>>();

  /**
   * @param windowMs how long repeats are gathered
   * @param maxKinds how many kinds are told apart; beyond that they count as `other`
   */
  constructor(
    private readonly windowMs: number,
    private readonly maxKinds: number,
    private readonly other: T,
  ) {}

  /** @returns entries to record now: the first of its kind, preceded by the sum of an expired window */
  add(key: string, kind: T, now: number): Counted<T>[] {
    if (!this.windows.has(key) && this.windows.size >= this.maxKinds) [key, kind] = ['', this.other];
    const window = this.windows.get(key);
    if (window && now < window.until) {
      if (window.count === 0) window.since = new Date(now);
      window.count++;
      return [];
    }
    this.windows.set(key, { kind, count: 0, since: new Date(now), until: now + this.windowMs });
    const first = { kind, count: 1, since: new Date(now) };
    return window && window.count > 0 ? [told(window), first] : [first];
  }

  /** Sums of windows that are over, or of all of them when `now` is infinite. */
  drain(now: number): Counted<T>[] {
    const over = [...this.windows].filter(([, { until }]) => until <= now);
    for (const [key] of over) this.windows.delete(key);
    return over.flatMap(([, window]) => (window.count > 0 ? [told(window)] : []));
  }
}

function told<T>({ kind, count, since }: Window<T>): Counted<T> {
  return { kind, count, since };
}
