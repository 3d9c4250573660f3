import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsDefined, IsInt, IsOptional, IsString, Length, Max, Min, ValidateIf, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { IsStorable } from '#src/common/storable.js';
import { AreFlags, maximumFlags } from '#src/ratings/flags.js';
import { IsRanking } from '#src/ratings/is-ranking.js';
import { ratingBounds } from '#src/ratings/rating-rules.js';
import { ScoredDto } from '#src/ratings/ratings.dto.js';
import { maximumPerTask } from './batch-rules.js';
import type { GivenAnswer, GivenScore } from './submission-rules.js';
import { TaskCriterionDto, TaskDto } from './tasks.dto.js';

export class TaskScoreDto extends ScoredDto implements GivenScore {
  /** Id of a completion of the task. */
  @IsUUID()
  completionId: string;
}

export class TaskComparisonDto {
  /** The preferred completion; null: a tie. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  @IsDefined()
  @ValidateIf((dto: TaskComparisonDto) => dto.preferredCompletionId !== null)
  @IsUUID()
  preferredCompletionId: string | null;
}

/** What a labeler says: `scores` for the rating modes, `ranking` for `rank`, `comparison` for `compare`. */
export class SubmitTaskDto implements GivenAnswer {
  /** Labeler who holds the lease; if given, it is checked. */
  @IsOptional()
  @IsUUID()
  labelerId?: string;

  /** One score for each completion of the task. Optional, all or none, in the modes `rank` and `compare`. */
  @ApiPropertyOptional({ type: [TaskScoreDto], maxItems: maximumPerTask })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(maximumPerTask)
  @ValidateNested({ each: true })
  @Type(() => TaskScoreDto)
  scores?: TaskScoreDto[];

  /** Groups of completion ids, best first; those in one group are tied. */
  @ApiPropertyOptional({ type: 'array', items: { type: 'array', items: { type: 'string', format: 'uuid' } } })
  @IsOptional()
  @IsRanking()
  ranking?: string[][];

  @ApiPropertyOptional({ type: TaskComparisonDto })
  @IsOptional()
  @ValidateNested()
  @Type(() => TaskComparisonDto)
  comparison?: TaskComparisonDto;

  /** Time spent on the whole task, in milliseconds; divided evenly among scores without their own time. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: ratingBounds.timeSpentMs, example: 21_000 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(ratingBounds.timeSpentMs)
  timeSpentMs?: number;

  /** Of the ranking or comparison. */
  @IsOptional()
  @IsString()
  @Length(1, ratingBounds.rationale)
  @IsStorable()
  rationale?: string;

  /** Of the ranking or comparison. */
  @ApiPropertyOptional({ type: [String], maxItems: maximumFlags, example: ['prompt_unclear'] })
  @IsOptional()
  @AreFlags()
  flags?: string[];

  /** Client's id of the ranking or comparison; unique per vendor. */
  @IsOptional()
  @IsString()
  @Length(1, ratingBounds.externalId)
  @IsStorable()
  externalId?: string;
}

export class TaskAnswerScoreDto {
  @ApiProperty({ format: 'uuid' })
  ratingId: string;

  @ApiProperty({ format: 'uuid' })
  completionId: string;

  score: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'number' }, nullable: true })
  dimensionScores: Record<string, number> | null;

  @ApiProperty({ type: String, nullable: true })
  rationale: string | null;

  @ApiProperty({ type: [String] })
  flags: string[];
}

/** What stands as the answer to a task: the last correction where there were any. */
export class TaskAnswerDto {
  @ApiProperty({ type: [TaskAnswerScoreDto] })
  scores: TaskAnswerScoreDto[];

  /** Groups of completion ids, best first; also for a comparison. */
  @ApiProperty({ type: 'array', items: { type: 'array', items: { type: 'string', format: 'uuid' } }, nullable: true })
  ranking: string[][] | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  preferenceId: string | null;
}

export class TaskDetailDto extends TaskDto {
  @ApiProperty({ type: TaskCriterionDto })
  criterion: TaskCriterionDto;

  /** The submitted answer; null until submitted. */
  @ApiProperty({ type: TaskAnswerDto, nullable: true })
  answer: TaskAnswerDto | null;
}
