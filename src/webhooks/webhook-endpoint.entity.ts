import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { EventType } from '#src/events/event-types.js';
import type { DisableReason } from './retry-schedule.js';

/** A receiver of events, of the owner or of a vendor. */
@Entity('webhook_endpoints')
export class WebhookEndpoint {
  @PrimaryColumn('uuid')
  id: string;

  /** Null is the owner's. */
  @Column('uuid', { nullable: true })
  vendorId: string | null;

  @Column('text')
  url: string;

  @Column('text', { nullable: true })
  description: string | null;

  /** Empty means all. */
  @Column('text', { array: true })
  eventTypes: EventType[];

  /** Of the first failure since the last success; null: not failing. */
  @Column('timestamptz', { nullable: true })
  failingSince: Date | null;

  @Column('timestamptz', { nullable: true })
  disabledAt: Date | null;

  @Column('text', { nullable: true })
  disabledReason: DisableReason | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

/** One of the secrets that an endpoint's deliveries are signed with. */
@Entity('webhook_secrets')
export class WebhookSecret {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  endpointId: string;

  /** Sealed by `secret-box.ts`. */
  @Column('text')
  secret: string;

  /** Set when another has taken its place. */
  @Column('timestamptz', { nullable: true })
  expiresAt: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
