import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { PageOf, PageQuery, pageRequest, type PageRequest } from '#src/common/pagination.js';
import { logLevels, type JobLogLevel } from './job-handler.js';
import { jobStates, terminal, type JobState } from './job-state.js';
import { jobTypes, queueNames, type JobType, type QueueName } from './job-types.js';
import type { JobLog, Job, JobMetric } from './job.entity.js';

export class JobProgressDto {
  @ApiProperty({ example: 40 })
  completed: number;

  @ApiProperty({ type: Number, nullable: true, example: 64, description: 'null: not known yet' })
  total: number | null;

  @ApiProperty({ type: String, nullable: true, example: 'completions' })
  unit: string | null;

  @ApiProperty({ type: Number, nullable: true, example: 62.5 })
  percent: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 12.4, description: 'estimate at the last progress report, in seconds; null: unknown' })
  etaSeconds: number | null;
}

export class JobErrorDto {
  @ApiProperty({ example: 'no_pairs', description: 'stable identifier: branch on it' })
  code: string;

  @ApiProperty({ example: 'The job cannot be completed' })
  title: string;

  @ApiPropertyOptional({ example: 'no prompt has two rated completions' })
  detail?: string;
}

export class JobResultRefDto {
  @ApiProperty({ example: 'pair-set' })
  type: string;

  @ApiProperty({ format: 'uuid', example: '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f01' })
  id: string;
}

export class JobDto {
  @ApiProperty({ format: 'uuid', example: '019a8a5e-3f4b-7c1d-9e2a-5b6c7d8e9f00' })
  id: string;

  @ApiProperty({ enum: jobTypes, enumName: 'JobType' })
  type: JobType;

  @ApiProperty({ enum: jobStates, enumName: 'JobState', description: 'treat unknown states as not terminal' })
  state: JobState;

  @ApiProperty({ example: false, description: 'whether the job has ended; a retry starts it again' })
  terminal: boolean;

  @ApiProperty({ enum: queueNames, enumName: 'QueueName' })
  queue: QueueName;

  @ApiProperty({ type: String, nullable: true, example: 'generating' })
  phase: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'no worker serves the queue fine-tuning',
    description: 'why a queued job does not start; null: a live worker serves its queue',
  })
  waitingFor: string | null;

  @ApiProperty({ type: JobProgressDto })
  progress: JobProgressDto;

  @ApiProperty({ type: 'integer', example: 1, description: 'number of attempts started' })
  attempt: number;

  @ApiProperty({ type: () => JobErrorDto, nullable: true, description: 'error of the last failed attempt; null: none failed' })
  error: JobErrorDto | null;

  @ApiProperty({ type: () => JobResultRefDto, nullable: true, description: 'the resource that the job produces' })
  resultRef: JobResultRefDto | null;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  startedAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: Date | null;
}

export class JobPage extends PageOf(JobDto) {}

/** How a job ended; there is none before it did. */
export class JobOutcomeDto {
  @ApiProperty({ format: 'uuid' })
  jobId: string;

  @ApiProperty({ enum: jobStates, enumName: 'JobState' })
  state: JobState;

  @ApiProperty({ example: true })
  succeeded: boolean;

  @ApiProperty({ type: () => JobErrorDto, nullable: true })
  error: JobErrorDto | null;

  @ApiProperty({ type: () => JobResultRefDto, nullable: true })
  resultRef: JobResultRefDto | null;

  @ApiProperty({ type: 'integer', example: 1 })
  attempt: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  startedAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: Date | null;
}

export class JobLogDto {
  @ApiProperty({ enum: logLevels, enumName: 'JobLogLevel' })
  level: JobLogLevel;

  @ApiProperty({ example: 'resumed at step 40' })
  message: string;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;
}

export class JobLogPage extends PageOf(JobLogDto) {}

export class JobMetricDto {
  @ApiProperty({ type: 'integer', example: 12 })
  step: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'number', nullable: true },
    example: { loss: 0.61, accuracy: 0.72 },
    description: 'by name; null: the value was not finite',
  })
  values: Record<string, number | null>;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;
}

export class JobMetricPage extends PageOf(JobMetricDto) {}

export class ListJobsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: jobTypes, enumName: 'JobType' })
  @IsOptional()
  @IsIn(jobTypes)
  type?: JobType;

  @ApiPropertyOptional({ enum: jobStates, enumName: 'JobState' })
  @IsOptional()
  @IsIn(jobStates)
  state?: JobState;
}

export class ListMetricsQuery extends PageQuery {
  @ApiPropertyOptional({ type: 'integer', example: 40, description: 'only steps after this one, for polling' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(-1)
  @Max(2_147_483_647)
  afterStep?: number;
}

/** A cursor goes before `afterStep`: it is the later of the two when a client pages on. */
export function metricPage(query: ListMetricsQuery): PageRequest {
  const page = pageRequest(query, 'ordinal');
  return { ...page, after: page.after ?? (query.afterStep === undefined ? null : String(query.afterStep)) };
}

export function toJobDto(job: Job): JobDto {
  const { id, type, state, queue, phase, attempt, createdAt, startedAt, finishedAt } = job;
  return {
    id,
    type,
    state,
    terminal: terminal(state),
    queue,
    phase,
    waitingFor: job.waitingFor ?? null,
    progress: progressOf(job),
    attempt,
    ...endOf(job),
    createdAt,
    startedAt,
    finishedAt,
  };
}

export function toOutcomeDto(job: Job): JobOutcomeDto {
  const { id: jobId, state, attempt, startedAt, finishedAt } = job;
  return { jobId, state, succeeded: state === 'succeeded', ...endOf(job), attempt, startedAt, finishedAt };
}

export function toLogDto({ level, message, createdAt }: JobLog): JobLogDto {
  return { level, message, createdAt };
}

export function toMetricDto({ step, values, createdAt }: JobMetric): JobMetricDto {
  return { step, values, createdAt };
}

function progressOf(job: Job): JobProgressDto {
  const { progressCompleted: completed, progressTotal: total, progressUnit: unit, progressEtaSeconds: etaSeconds } = job;
  const percent = total === null || total <= 0 ? null : Math.round(Math.min(1, completed / total) * 1000) / 10;
  return { completed, total, unit, percent, etaSeconds };
}

function endOf({ error, resultType, resultId }: Job): Pick<JobDto, 'error' | 'resultRef'> {
  return { error, resultRef: resultType !== null && resultId !== null ? { type: resultType, id: resultId } : null };
}
