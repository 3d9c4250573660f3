import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

export const labelingModes = ['rate', 'rate-side-by-side', 'rank', 'compare'] as const;
/** What a task asks: a score for one completion, for each of a prompt's, their order, or the better of two. */
export type LabelingMode = (typeof labelingModes)[number];

export const labelingPurposes = ['production', 'pilot'] as const;
/** A pilot tries out a criterion, so that it may use a draft. */
export type LabelingPurpose = (typeof labelingPurposes)[number];

export const labelingBatchStates = ['open', 'completed', 'closed'] as const;
/** Open until every slot of every item has its result (`completed`) or somebody ends it (`closed`). */
export type LabelingBatchState = (typeof labelingBatchStates)[number];

/** How the completions were chosen; what is given narrows. */
export interface LabelingSelection {
  completionIds: string[] | null;
  completionBatchId: string | null;
  promptSetId: string | null;
  /** For `compare`: at most so many pairs of a prompt, drawn by the seed; null means all. */
  pairsPerPrompt: number | null;
}

/** Work for labelers: completions to be judged under one criterion version, each by `overlap` of them. */
@Entity('labeling_batches')
export class LabelingBatch {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  @Column('text')
  purpose: LabelingPurpose;

  @Column('text')
  mode: LabelingMode;

  @Column('uuid')
  criterionVersionId: string;

  @Column('jsonb')
  selection: LabelingSelection;

  /** Results that each item gets, each by another labeler. */
  @Column('integer')
  overlap: number;

  /** Vendors whose labelers may claim, beside the labelers that belong to no vendor. */
  @Column('uuid', { array: true })
  vendorIds: string[];

  /** Decides the order of items, of completions within a task, and the sample of pairs. */
  @Column('integer')
  seed: number;

  /** Share of the items that are gold; null where none is asked for. Vendors are not told. */
  @Column('double precision', { nullable: true })
  goldShare: number | null;

  @Column('timestamptz', { nullable: true })
  dueAt: Date | null;

  @Column('text', { nullable: true })
  priceNote: string | null;

  @Column('text')
  state: LabelingBatchState;

  @Column('integer')
  itemCount: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;

  @Column('timestamptz', { nullable: true })
  completedAt: Date | null;

  @Column('timestamptz', { nullable: true })
  closedAt: Date | null;
}
