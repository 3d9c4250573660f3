import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { LoopOutcome, LoopState } from './loop-state.js';

/** One change of state, never changed itself. */
@Entity('loop_transitions')
export class LoopTransition {
  @PrimaryColumn('uuid')
  loopId: string;

  /** The loop's version after the change. */
  @PrimaryColumn('integer')
  ordinal: number;

  @Column('integer')
  iteration: number;

  @Column('text')
  from: LoopState;

  @Column('text')
  to: LoopState;

  @Column('text')
  outcome: LoopOutcome;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
