import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { DomainEvent, EventType } from './event-types.js';

/** What happened, for good: rows are only ever added. */
@Entity('domain_events')
export class DomainEventRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  type: EventType;

  @Column('jsonb')
  data: DomainEvent['data'];

  /** Vendors that may be told, beside the owner, who may be told all. */
  @Column('uuid', { array: true })
  vendorIds: string[];

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
