import type { ToolCall } from '#src/common/conversation.js';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { bigintAsNumber } from '#src/artifacts/artifact.entity.js';

export const finishReasons = ['stop', 'length'] as const;
export type FinishReason = (typeof finishReasons)[number];

/** A completion of a prompt, by a policy version or recorded elsewhere. Immutable. */
@Entity('completions')
export class Completion {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  promptId: string;

  @Column('text')
  text: string;

  /** Reasoning before the answer, if an endpoint returned it separately. */
  @Column('text', { nullable: true })
  reasoning: string | null;

  /** Tool calls of the model, instead of or in addition to a text. */
  @Column('jsonb', { nullable: true })
  toolCalls: ToolCall[] | null;

  /** The model refused (the server's `refusal` field); the text is the refusal. */
  @Column('boolean')
  refusal: boolean;

  /** Policy version that generated it; null: recorded elsewhere. */
  @Column('uuid', { nullable: true })
  policyVersionId: string | null;

  @Column('uuid', { nullable: true })
  batchId: string | null;

  /** Number of the completion among those of its prompt in its batch, from 0. */
  @Column('integer', { nullable: true })
  sampleIndex: number | null;

  /** Author as given by the client that recorded it. */
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
