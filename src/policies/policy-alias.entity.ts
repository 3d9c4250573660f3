import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A name that moves from version to version, such as `production`. */
@Entity('policy_aliases')
export class PolicyAlias {
  @PrimaryColumn('uuid')
  policyId: string;

  @PrimaryColumn('text')
  alias: string;

  @Column('uuid')
  policyVersionId: string;

  @Column('timestamptz')
  updatedAt: Date;
}
