import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A language model that is being aligned; what can be run are its versions. */
@Entity('policies')
export class Policy {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  @Column('text', { nullable: true })
  description: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt: Date;
}

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
