import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayNotEmpty, ArrayUnique, IsOptional } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import type { RankedCompletion } from './ranking.js';
import { PageOf } from '#src/common/pagination.js';
import type { DisputedPair } from './disagreement.service.js';

/** One of these: a prompt or prompts, whose completions are all ranked, or the completions themselves. */
export class ScoreCompletionsDto {
  @ApiPropertyOptional({ format: 'uuid', example: '019a8a5e-0000-7000-8000-000000000001' })
  @IsOptional()
  @IsUUID()
  promptId?: string;

  /** Prompts to score, with at most 5,000 completions in total. */
  @ApiPropertyOptional({ type: [String], format: 'uuid', maxItems: 500 })
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayMaxSize(500)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  promptIds?: string[];

  @ApiPropertyOptional({ type: [String], format: 'uuid', maxItems: 500 })
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayMaxSize(500)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  completionIds?: string[];
}

export class RankedCompletionDto implements RankedCompletion {
  @ApiProperty({ format: 'uuid' })
  completionId: string;

  @ApiProperty({ format: 'uuid' })
  promptId: string;

  /** The reward. @example 1.73 */
  score: number;

  /** Rank among the requested completions of its prompt; 1 is best, equal scores share a rank. */
  @ApiProperty({ type: 'integer', example: 1 })
  rank: number;

  /** (score - mean) / deviation, with mean and deviation of the reward model's evaluation; null: not evaluated. */
  @ApiProperty({ type: Number, nullable: true, example: 0.84 })
  normalizedScore: number | null;

  /** Standard deviation of the member scores of an ensemble; null for a single member. */
  @ApiProperty({ type: Number, nullable: true, example: 0.21 })
  disagreement: number | null;
}

/** Ranked when complete; with 202 the job still scores, and asking again answers from what it kept. */
export class CompletionRankingDto {
  @ApiProperty({ format: 'uuid' })
  rewardModelId: string;

  /** Job that computes the missing scores; null: none were missing. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;

  /** Whether all completions are scored. */
  complete: boolean;

  /** Completions by prompt, best first; completions without a score are omitted. */
  @ApiProperty({ type: [RankedCompletionDto] })
  ranking: RankedCompletionDto[];
}

/** The score of a completion by one reward model. */
class CompletionScoreDto {
  @ApiProperty({ format: 'uuid' })
  rewardModelId: string;

  /** @example helpfulness-2 */
  rewardModelName: string;

  /** The reward. @example 1.73 */
  score: number;

  /** Scores of the members, whose mean is `score`; null for a single member. */
  @ApiProperty({ type: [Number], nullable: true, example: [1.6, 1.86] })
  memberScores: number[] | null;
}

export class CompletionScorePage extends PageOf(CompletionScoreDto) {}

/** Completions of one prompt that have their scores. */
export class DisagreementRequestDto {
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  promptId: string;

  @ApiProperty({ type: [String], format: 'uuid', minItems: 2, maxItems: 64 })
  @ArrayMinSize(2)
  @ArrayMaxSize(64)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  completionIds: string[];
}

export class DisputedPairDto implements DisputedPair {
  @ApiProperty({ type: [String], format: 'uuid', minItems: 2, maxItems: 2 })
  completionIds: [string, string];

  /** Standard deviation over the members of the reward difference. @example 0.44 */
  disagreement: number;

  /** Share of members that prefer the first completion; equal rewards count half. @example 0.6 */
  preferFirst: number;
}

export class DisputedPairsDto {
  /** Pairs, most disputed first. */
  @ApiProperty({ type: [DisputedPairDto] })
  pairs: DisputedPairDto[];
}
