/**
 * One answer for all who ask the same at the same time, for questions that cost more than they are worth asking often. Whoever
 * asks while an answer is on its way gets the next one: its question begins after theirs, so that they see what they wrote before.
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
