import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { JobLogLevel } from './job-handler.js';

@Entity('job_logs')
export class JobLog {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id: string;

  @Column('uuid')
  jobId: string;

  @Column('text')
  level: JobLogLevel;

  @Column('text')
  message: string;

  @Column('timestamptz')
  createdAt: Date;
}
