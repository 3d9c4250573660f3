import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { DomainEvent, EventType } from './event-types.js';

/** Domain events: append-only, deleted when old and read by all consumers. */
@Entity('domain_events')
export class DomainEventRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  type: EventType;

  @Column('jsonb')
  data: DomainEvent['data'];

  /** Vendors that may see the event; the owner sees all. */
  @Column('uuid', { array: true })
  vendorIds: string[];

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
