import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { Nullable } from '#src/common/presence.js';
import { IsStorable } from '#src/common/storable.js';
import { AreFlags, maximumFlags } from './flags.js';
import { IsRanking, IsRankingByExternalIds } from './is-ranking.js';
import type { GivenComparison, GivenRanking } from './preference-rules.js';
import { preferenceKinds, type PreferenceKind } from './preference.entity.js';
import { ratingBounds } from './rating-rules.js';

const rankingSchema = { type: 'array', items: { type: 'array', items: { type: 'string', format: 'uuid' } } } as const;

class PreferenceDetailsDto {
  /** Time that the labeler took, in milliseconds. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: ratingBounds.timeSpentMs, example: 21_000 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(ratingBounds.timeSpentMs)
  timeSpentMs?: number;

  /** @example the second one answers the question */
  @IsOptional()
  @IsString()
  @Length(1, ratingBounds.rationale)
  @IsStorable()
  rationale?: string;

  /** Labels from an open vocabulary for what an order cannot express. */
  @ApiPropertyOptional({ type: [String], maxItems: maximumFlags, example: ['prompt_unclear'] })
  @IsOptional()
  @AreFlags()
  flags?: string[];

  /** Client's id; unique among the vendor's rankings and comparisons. @example batch-7/rank-12 */
  @IsOptional()
  @IsString()
  @Length(1, ratingBounds.externalId)
  @IsStorable()
  externalId?: string;
}

class NamedPreferenceDto extends PreferenceDetailsDto {
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

export class CreateRankingDto extends NamedPreferenceDto implements GivenRanking {
  /** Groups of completions of one prompt, best first; those in one group are tied. Or give `rankingExternalIds`. */
  @ApiPropertyOptional(rankingSchema)
  @IsOptional()
  @IsRanking()
  ranking?: string[][];

  /** The same by the completions' external ids. @example [["ae-0000/gpt-4"], ["ae-0000/alpaca-7b", "ae-0000/guanaco-7b"]] */
  @ApiPropertyOptional({ type: 'array', items: { type: 'array', items: { type: 'string', minLength: 1, maxLength: ratingBounds.externalId } } })
  @IsOptional()
  @IsRankingByExternalIds()
  rankingExternalIds?: string[][];

  /** The same completions in the order shown. Or give `shownOrderExternalIds`. */
  @ApiPropertyOptional({ type: [String], format: 'uuid', maxItems: 100 })
  @IsOptional()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  shownOrder?: string[];

  /** The same by the completions' external ids. */
  @ApiPropertyOptional({ type: [String], maxItems: 100 })
  @IsOptional()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, ratingBounds.externalId, { each: true })
  @IsStorable()
  shownOrderExternalIds?: string[];
}

export class CreatePreferenceJudgementDto extends NamedPreferenceDto implements GivenComparison {
  /** Two completions of one prompt, in the order shown. Or give `completionExternalIds`. */
  @ApiPropertyOptional({ type: [String], format: 'uuid', minItems: 2, maxItems: 2 })
  @IsOptional()
  @ArrayMinSize(2)
  @ArrayMaxSize(2)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  completionIds?: string[];

  /** The same by the completions' external ids. */
  @ApiPropertyOptional({ type: [String], minItems: 2, maxItems: 2, example: ['ae-0000/gpt-4', 'ae-0000/alpaca-7b'] })
  @IsOptional()
  @ArrayMinSize(2)
  @ArrayMaxSize(2)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, ratingBounds.externalId, { each: true })
  @IsStorable()
  completionExternalIds?: string[];

  /** The better one; null when neither is. This or `preferredCompletionExternalId` must be given. */
  @ApiPropertyOptional({ type: String, format: 'uuid', nullable: true })
  @Nullable()
  @IsOptional()
  @IsUUID()
  preferredCompletionId?: string | null;

  /** The better one by its external id; null when neither is. */
  @ApiPropertyOptional({ type: String, nullable: true, example: 'ae-0000/gpt-4' })
  @Nullable()
  @IsOptional()
  @IsString()
  @Length(1, ratingBounds.externalId)
  @IsStorable()
  preferredCompletionExternalId?: string | null;
}

/** A correction: the same completions, criterion version and labeler, in another order. */
export class SupersedePreferenceDto extends PreferenceDetailsDto {
  /** Groups of completion ids, best first; also for a comparison. */
  @ApiProperty(rankingSchema)
  @IsRanking()
  ranking: string[][];
}

export class PreferenceDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: preferenceKinds, enumName: 'PreferenceKind' })
  kind: PreferenceKind;

  @ApiProperty({ format: 'uuid' })
  promptId: string;

  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  @ApiProperty({ format: 'uuid' })
  labelerId: string;

  /** Groups of completion ids, best first; those in one group are tied. */
  @ApiProperty(rankingSchema)
  ranking: string[][];

  /** The completions in the order shown; null: unknown. */
  @ApiProperty({ type: [String], format: 'uuid', nullable: true })
  shownOrder: string[] | null;

  @ApiProperty({ type: 'integer', nullable: true })
  timeSpentMs: number | null;

  @ApiProperty({ type: String, nullable: true })
  rationale: string | null;

  @ApiProperty({ type: [String] })
  flags: string[];

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  vendorId: string | null;

  @ApiProperty({ type: String, nullable: true })
  externalId: string | null;

  /** Preference that this one corrects; null: none. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  supersedesId: string | null;

  /** Labeling task that it answers; null: none. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  labelingTaskId: string | null;

  createdAt: Date;
}

export class PreferencePage extends PageOf(PreferenceDto) {}

export class PreferencesQuery extends PageQuery {
  @IsOptional()
  @IsUUID()
  criterionVersionId?: string;

  @IsOptional()
  @IsUUID()
  labelerId?: string;

  @IsOptional()
  @IsUUID()
  promptId?: string;
}
