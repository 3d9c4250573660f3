import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

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
