import type { Answers } from './dawid-skene.js';

/** Collects answers item by item into typed arrays that grow by doubling: 9 bytes an answer, no objects. */
export class AnswerTable {
  items = 0;
  private length = 0;
  private item = new Int32Array(1024);
  private labeler = new Int32Array(1024);
  private level = new Uint8Array(1024);

  constructor(
    private readonly labelers: number,
    private readonly levels: number,
  ) {}

  /** @param packed `labeler:level` of each answer, separated by commas */
  addItem(packed: string): void {
    for (const answer of packed.split(',')) {
      const colon = answer.indexOf(':');
      this.add(Number(answer.slice(0, colon)), Number(answer.slice(colon + 1)));
    }
    this.items++;
  }

  answers(): Answers {
    const { items, labelers, levels, length } = this;
    return {
      items,
      labelers,
      levels,
      item: this.item.subarray(0, length),
      labeler: this.labeler.subarray(0, length),
      level: this.level.subarray(0, length),
    };
  }

  private add(labeler: number, level: number): void {
    if (this.length === this.item.length) this.grow();
    this.item[this.length] = this.items;
    this.labeler[this.length] = labeler;
    this.level[this.length] = level;
    this.length++;
  }

  private grow(): void {
    const twice = this.length * 2;
    const item = new Int32Array(twice);
    const labeler = new Int32Array(twice);
    const level = new Uint8Array(twice);
    item.set(this.item);
    labeler.set(this.labeler);
    level.set(this.level);
    Object.assign(this, { item, labeler, level });
  }
}
