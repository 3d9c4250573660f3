import type { Conversation, PromptContent } from '#src/common/conversation.js';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** One question to a policy. Never changed: whatever was answered or rated stays what it was. */
@Entity('prompts')
export class Prompt {
  @PrimaryColumn('uuid')
  id: string;

  /** Text of the prompt; for a conversation, its messages as one readable text. */
  @Column('text')
  text: string;

  /** The messages, where more is asked than one question. */
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

/** What a policy is asked. */
export const contentOf = ({ text, conversation }: Pick<Prompt, 'text' | 'conversation'>): PromptContent => conversation ?? text;

/** The same in SQL, as JSON: `alias` is of the table prompts. */
export const contentSql = (alias: string): string => `coalesce(${alias}.conversation, to_jsonb(${alias}.text))`;
