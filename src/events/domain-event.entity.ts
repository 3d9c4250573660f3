import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { DomainEvent, EventType } from './event-types.js';

/** What happened: rows are only ever added, and go when they are old and nobody needs them any more. */
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
