import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One prompt with the answers of both versions; the seeded coin `candidateIsLeft` hides which is which. */
@Entity('comparison_items')
export class ComparisonItem {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  comparisonId: string;

  @Column('integer')
  ordinal: number;

  @Column('uuid')
  promptId: string;

  @Column('uuid')
  baselineCompletionId: string;

  @Column('uuid')
  candidateCompletionId: string;

  @Column('boolean')
  candidateIsLeft: boolean;
}
