import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsNumber, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { AreDimensionScores, AreFlags, maximumFlags } from './flags.js';
import { ratingBounds, type GivenRating } from './rating-rules.js';

/** What a labeler says about a completion, whoever the completion and the labeler are. */
export class ScoredDto {
  /** A value of the criterion version's scale; omit if the version has dimensions. @example 4 */
  @IsOptional()
  @IsNumber()
  score?: number;

  /** A value of the scale for each dimension, if the criterion version has dimensions; `score` is their weighted mean. */
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'number' },
    example: { helpfulness: 4, honesty: 5, harmlessness: 5 },
  })
  @IsOptional()
  @AreDimensionScores()
  dimensionScores?: Record<string, number>;

  /** @example correct, but twice as long as needed */
  @IsOptional()
  @IsString()
  @Length(1, ratingBounds.rationale)
  @IsStorable()
  rationale?: string;

  /** Labels from an open vocabulary for what a score cannot express. */
  @ApiPropertyOptional({ type: [String], maxItems: maximumFlags, example: ['prompt_unclear'] })
  @IsOptional()
  @AreFlags()
  flags?: string[];

  /** Time that the labeler took, in milliseconds. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: ratingBounds.timeSpentMs, example: 8200 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(ratingBounds.timeSpentMs)
  timeSpentMs?: number;

  /** Client's id of the rating; unique per vendor, so that a repeated post is not counted twice. @example batch-7/1042 */
  @IsOptional()
  @IsString()
  @Length(1, ratingBounds.externalId)
  @IsStorable()
  externalId?: string;
}

/** The same, with the place in which it was shown. */
class PlacedScoreDto extends ScoredDto {
  /** Position at which the completion was shown among those of its prompt, from 0. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: ratingBounds.position, example: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(ratingBounds.position)
  position?: number;
}

/** Names its completion and its labeler each in exactly one of two ways. */
export class CreateRatingDto extends PlacedScoreDto implements GivenRating {
  /** Id of the completion; alternatively give `completionExternalId`. */
  @IsOptional()
  @IsUUID()
  completionId?: string;

  /** @example ae-0000/alpaca-7b */
  @IsOptional()
  @IsString()
  @Length(1, ratingBounds.externalId)
  @IsStorable()
  completionExternalId?: string;

  /** Id of a published criterion version. */
  @IsUUID()
  criterionVersionId: string;

  /** Id of the labeler; alternatively give `labelerExternalId`. */
  @IsOptional()
  @IsUUID()
  labelerId?: string;

  /** @example worker-17 */
  @IsOptional()
  @IsString()
  @Length(1, ratingBounds.externalId)
  @IsStorable()
  labelerExternalId?: string;
}

/** A correction: same completion, criterion version and labeler; `position` is kept unless given. */
export class SupersedeRatingDto extends PlacedScoreDto {}

export class RatingDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  completionId: string;

  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  @ApiProperty({ format: 'uuid' })
  labelerId: string;

  /** @example 4 */
  score: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'number' }, nullable: true })
  dimensionScores: Record<string, number> | null;

  @ApiProperty({ type: 'integer', nullable: true })
  position: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  timeSpentMs: number | null;

  @ApiProperty({ type: String, nullable: true })
  rationale: string | null;

  @ApiProperty({ type: [String] })
  flags: string[];

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  vendorId: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'batch-7/1042' })
  externalId: string | null;

  /** Rating that this one corrects; null: none. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  supersedesId: string | null;

  /** Labeling task that it answers; null: none. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  labelingTaskId: string | null;

  createdAt: Date;
}

export class RatingPage extends PageOf(RatingDto) {}

export class RatingsQuery extends PageQuery {
  @IsOptional()
  @IsUUID()
  completionId?: string;

  @IsOptional()
  @IsUUID()
  criterionVersionId?: string;

  @IsOptional()
  @IsUUID()
  labelerId?: string;

  /** Whether to include superseded ratings. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @Transform(({ obj }: { obj: Record<string, unknown> }) => flag(obj['includeSuperseded']))
  @IsBoolean()
  includeSuperseded?: boolean;
}

function flag(text: unknown): unknown {
  return text === 'true' ? true : text === 'false' ? false : text;
}
