import { Column, CreateDateColumn, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { EventType } from '#src/events/event-types.js';

/** A delivery of a disabled endpoint stays `pending` and continues when the endpoint is enabled again. */
export const deliveryStates = ['pending', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/**
 * Why Plumbline holds back a due delivery: no worker has `SECRETS_KEY`, a secret cannot be decrypted with it, or sending failed before
 * anything was sent.
 */
export const deliveryHolds = ['secrets_key_missing', 'secret_unreadable', 'internal_error'] as const;
export type DeliveryHold = (typeof deliveryHolds)[number];

/** One event for one endpoint. */
@Entity('webhook_deliveries')
export class WebhookDelivery {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  endpointId: string;

  /** Null for a ping. */
  @Column('uuid', { nullable: true })
  eventId: string | null;

  @Column('text')
  eventType: EventType;

  /** The exact bytes, the same for every attempt. */
  @Column('text')
  body: string;

  @Column('text')
  state: DeliveryState;

  /** Attempts begun since the event, or since the redelivery. */
  @Column('integer')
  attempt: number;

  /** Null when there is none to come. */
  @Column('timestamptz', { nullable: true })
  nextAttemptAt: Date | null;

  /** Null for one that is on its way, or is waiting for its time. */
  @Column('text', { nullable: true })
  heldBy: DeliveryHold | null;

  /** The current sender, and until when its claim holds. */
  @Column('text', { nullable: true })
  leaseOwner: string | null;

  @Column('timestamptz', { nullable: true })
  leaseExpiresAt: Date | null;

  @Column('timestamptz', { nullable: true })
  finishedAt: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

/** The `webhook-id` header: the same for every attempt, so that a receiver can recognise repeats. */
export function messageId(deliveryId: string): string {
  return `msg_${deliveryId.replaceAll('-', '')}`;
}

/** How one attempt went. */
@Entity('webhook_attempts')
export class WebhookAttempt {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id: string;

  @Column('uuid')
  deliveryId: string;

  @Column('integer')
  attempt: number;

  /** Status of the response; null: no response. */
  @Column('integer', { nullable: true })
  status: number | null;

  @Column('text', { nullable: true })
  error: string | null;

  @Column('integer')
  latencyMs: number;

  /** The beginning of the answer. */
  @Column('text', { nullable: true })
  response: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
