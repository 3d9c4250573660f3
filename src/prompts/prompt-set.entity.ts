import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

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
