import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** One question to a policy. Never changed: whatever was answered or rated stays what it was. */
@Entity('prompts')
export class Prompt {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  text: string;

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
