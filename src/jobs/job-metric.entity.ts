import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The metrics of one step; by name; null: the value was not finite. */
@Entity('job_metrics')
export class JobMetric {
  @PrimaryColumn('uuid')
  jobId: string;

  @PrimaryColumn('integer')
  step: number;

  @Column('jsonb')
  values: Record<string, number | null>;

  @Column('timestamptz')
  createdAt: Date;
}
