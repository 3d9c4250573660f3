import type { Conversation, PromptContent } from '#src/common/conversation.js';
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

/** The input of a policy. */
export const contentOf = ({ text, conversation }: Pick<Prompt, 'text' | 'conversation'>): PromptContent => conversation ?? text;

/** The same in SQL, as JSON: `alias` is of the table prompts. */
export const contentSql = (alias: string): string => `coalesce(${alias}.conversation, to_jsonb(${alias}.text))`;
