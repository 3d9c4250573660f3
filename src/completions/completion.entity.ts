import type { ToolCall } from '#src/common/conversation.js';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '#src/artifacts/artifact.entity.js';

export const finishReasons = ['stop', 'length'] as const;
export type FinishReason = (typeof finishReasons)[number];

/** An answer to a prompt, by a policy version of ours or recorded elsewhere. Never changed. */
@Entity('completions')
export class Completion {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  promptId: string;

  @Column('text')
  text: string;

  /** What the model thought before its answer, where an endpoint gave it apart. */
  @Column('text', { nullable: true })
  reasoning: string | null;

  /** Tools that the model called instead of an answer, or beside it. */
  @Column('jsonb', { nullable: true })
  toolCalls: ToolCall[] | null;

  /** The model declined by the field that servers have for it; the text is what it said. */
  @Column('boolean')
  refusal: boolean;

  /** Who wrote it; null when it was recorded elsewhere. */
  @Column('uuid', { nullable: true })
  policyVersionId: string | null;

  @Column('uuid', { nullable: true })
  batchId: string | null;

  /** Number of the completion among those of its prompt in its batch, from 0. */
  @Column('integer', { nullable: true })
  sampleIndex: number | null;

  /** Who wrote it, in the words of whoever recorded it elsewhere. */
  @Column('text', { nullable: true })
  source: string | null;

  @Column('text', { nullable: true })
  externalId: string | null;

  @Column('text', { nullable: true })
  finishReason: FinishReason | null;

  @Column('integer', { nullable: true })
  promptTokens: number | null;

  @Column('integer', { nullable: true })
  completionTokens: number | null;

  /** Fixes the random numbers of this completion alone. */
  @Column('bigint', { nullable: true, transformer: bigintAsNumber })
  seed: number | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

export type NewCompletion = Omit<Completion, 'createdAt'>;
