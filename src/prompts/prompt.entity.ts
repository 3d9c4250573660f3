import type { Conversation } from '#src/common/conversation.js';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** An input of a policy. Immutable, so that its completions and ratings stay valid. */
@Entity('prompts')
export class Prompt {
  @PrimaryColumn('uuid')
  id: string;

  /** Text of the prompt; for a conversation, its messages as one readable text. */
  @Column('text')
  text: string;

  /** The conversation; null for a text prompt. */
  @Column('jsonb', { nullable: true })
  conversation: Conversation | null;

  /** See text-key.ts. */
  @Column('text', { select: false })
  textKey?: string;

  /** The poster's own id, unique; makes posting again harmless. */
  @Column('text', { nullable: true })
  externalId: string | null;

  @Column('text', { array: true })
  tags: string[];

  @Column('jsonb')
  metadata: Record<string, unknown>;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

export type NewPrompt = Omit<Prompt, 'createdAt'>;

/** What a policy is asked, as JSON: a text or a conversation. `alias` is of the table prompts. */
export const contentSql = (alias: string): string => `coalesce(${alias}.conversation, to_jsonb(${alias}.text))`;

/** A fixed list of prompts in a fixed order; its members are rows of `prompt_set_members`. */
@Entity('prompt_sets')
export class PromptSet {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  @Column('text', { nullable: true })
  description: string | null;

  @Column('integer')
  promptCount: number;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
