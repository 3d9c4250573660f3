import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { DimensionDto, ScaleLevelDto } from '#src/ratings/criteria.dto.js';
import { labelingModes, type LabelingMode } from './labeling-batch.entity.js';
import type { TaskCriterion } from './task-criteria.service.js';
import { taskStates, type TaskState } from './task-state.js';

export const leaseBounds = { ttlSeconds: { min: 1, max: 86_400, default: 900 }, k: { max: 100, default: 1 } } as const;

export class LeaseTimeDto {
  /** Duration of the lease from now, in seconds. */
  @ApiPropertyOptional({ type: 'integer', minimum: leaseBounds.ttlSeconds.min, maximum: leaseBounds.ttlSeconds.max, default: leaseBounds.ttlSeconds.default })
  @IsOptional()
  @IsInt()
  @Min(leaseBounds.ttlSeconds.min)
  @Max(leaseBounds.ttlSeconds.max)
  ttlSeconds?: number;
}

/** Names the labeler in exactly one of two ways, or, with a labeler's own session, in none. */
export class ClaimTasksDto extends LeaseTimeDto {
  @IsOptional()
  @IsUUID()
  labelerId?: string;

  /** @example worker-17 */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  labelerExternalId?: string;

  /** Maximum number of tasks to claim. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: leaseBounds.k.max, default: leaseBounds.k.default })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(leaseBounds.k.max)
  k?: number;
}

export class SkipTaskDto {
  /** @example the prompt is in a language I do not read */
  @IsString()
  @Length(1, 1000)
  @IsStorable()
  reason: string;
}

export class TaskTextDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  text: string;
}

/** The task as labelers see it, without the authors of completions and without marks on gold items. */
export class TaskCriterionDto implements TaskCriterion {
  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  /** @example helpfulness */
  name: string;

  instructions: string;

  @ApiProperty({ type: [ScaleLevelDto] })
  scale: ScaleLevelDto[];

  /** Dimensions, each scored on the scale; null: one score. */
  @ApiProperty({ type: [DimensionDto], nullable: true })
  dimensions: DimensionDto[] | null;
}

export class TaskDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  batchId: string;

  @ApiProperty({ enum: labelingModes, enumName: 'LabelingMode' })
  mode: LabelingMode;

  @ApiProperty({ enum: taskStates, enumName: 'TaskState' })
  state: TaskState;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  labelerId: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  leasedAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  leaseExpiresAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: Date | null;

  /** Reason for skipping; null: not skipped. */
  @ApiProperty({ type: String, nullable: true, example: 'the prompt is in a language I do not read' })
  reason: string | null;

  @ApiProperty({ type: TaskTextDto })
  prompt: TaskTextDto;

  /** Completions in the order to show them. */
  @ApiProperty({ type: [TaskTextDto] })
  completions: TaskTextDto[];
}

export class ClaimedTasksDto {
  @ApiProperty({ type: TaskCriterionDto })
  criterion: TaskCriterionDto;

  /** Claimed tasks; empty: none available to this labeler now. */
  @ApiProperty({ type: [TaskDto] })
  tasks: TaskDto[];
}

export class TaskPage extends PageOf(TaskDto) {}

export class TasksQuery extends PageQuery {
  @ApiPropertyOptional({ enum: taskStates, enumName: 'TaskState' })
  @IsOptional()
  @IsIn(taskStates)
  state?: TaskState;

  @IsOptional()
  @IsUUID()
  labelerId?: string;
}
