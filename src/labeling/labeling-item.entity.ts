import { Column, Entity, PrimaryColumn } from 'typeorm';

/** `gold`: the right answer is known. No answer to a labeler tells the two apart. */
export type LabelingItemKind = 'work' | 'gold';

/** One thing to be judged in a batch. Never changed. */
@Entity('labeling_items')
export class LabelingItem {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  batchId: string;

  /** Counts from 0 within the batch. */
  @Column('integer')
  ordinal: number;

  @Column('text')
  kind: LabelingItemKind;

  @Column('uuid')
  promptId: string;

  /** One for `rate`, two for `compare`. In the order of their ids, which is not the order shown. */
  @Column('uuid', { array: true })
  completionIds: string[];
}
