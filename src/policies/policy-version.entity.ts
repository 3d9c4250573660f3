import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

export const policyVersionOrigins = ['uploaded', 'trained'] as const;
export type PolicyVersionOrigin = (typeof policyVersionOrigins)[number];

/** One model of a policy, for good. Numbers count from 1 within the policy, without holes. */
@Entity('policy_versions')
export class PolicyVersion {
  @PrimaryColumn('uuid')
  id: string;

  @Column('uuid')
  policyId: string;

  @Column('integer')
  number: number;

  @Column('uuid')
  modelId: string;

  /** The version that training started from. */
  @Column('uuid', { nullable: true })
  parentVersionId: string | null;

  @Column('text')
  origin: PolicyVersionOrigin;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}
