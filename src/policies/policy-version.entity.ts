import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { PolicyEndpoint } from './policy-endpoint.js';

export const policyVersionOrigins = ['uploaded', 'trained', 'endpoint'] as const;
export type PolicyVersionOrigin = (typeof policyVersionOrigins)[number];

/** An immutable policy version: either stored weights or an endpoint. Numbers count from 1 within the policy, without gaps. */
@Entity('policy_versions')
export class PolicyVersion {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  policyId: string;

  @Column('integer')
  number: number;

  /** null when `endpoint` serves the model. */
  @Column('uuid', { nullable: true })
  modelId: string | null;

  @Column('jsonb', { nullable: true })
  endpoint: PolicyEndpoint | null;

  /** Version that training started from; null: not trained here. */
  @Column('uuid', { nullable: true })
  parentVersionId: string | null;

  @Column('text')
  origin: PolicyVersionOrigin;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
