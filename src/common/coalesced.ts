/**
 * For expensive questions: concurrent callers share one answer. A caller that comes while an answer is being computed gets the
 * next one, which starts after its call, so that it sees what it wrote before.
 */
export class Coalesced<K, V> {
  private readonly underWay = new Map<K, { answer: Promise<V>; next?: Promise<V> }>();

  constructor(private readonly ask: (key: K) => Promise<V>) {}

  /** Rejects as `ask` does, for all who share the answer. */
  get(key: K): Promise<V> {
    const known = this.underWay.get(key);
    if (!known) return this.begin(key);
    const begin = (): Promise<V> => this.begin(key);
    return (known.next ??= known.answer.then(begin, begin));
  }

  private begin(key: K): Promise<V> {
    const mine: { answer: Promise<V>; next?: Promise<V> } = { answer: this.ask(key) };
    this.underWay.set(key, mine);
    const end = (): void => {
      if (!mine.next) this.underWay.delete(key);
    };
    mine.answer.then(end, end);
    return mine.answer;
  }
}
