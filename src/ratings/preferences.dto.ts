import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsDefined, IsInt, IsOptional, IsString, Length, Max, Min, ValidateIf } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { AreFlags, maximumFlags } from './flags.js';
import { IsRanking } from './is-ranking.js';
import { preferenceKinds, type PreferenceKind } from './preference.entity.js';
import { ratingBounds } from './ratings.dto.js';

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

export class CreateRankingDto extends NamedPreferenceDto {
  /** Groups of completions of one prompt, best first; those in one group are tied. */
  @ApiProperty(rankingSchema)
  @IsRanking()
  ranking: string[][];

  /** The same completions in the order shown. */
  @ApiPropertyOptional({ type: [String], format: 'uuid', maxItems: 100 })
  @IsOptional()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  shownOrder?: string[];
}

export class CreatePreferenceJudgementDto extends NamedPreferenceDto {
  /** Two completions of one prompt, in the order shown. */
  @ApiProperty({ type: [String], format: 'uuid', minItems: 2, maxItems: 2 })
  @ArrayMinSize(2)
  @ArrayMaxSize(2)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  completionIds: string[];

  /** The preferred completion; null: a tie. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  @IsDefined()
  @ValidateIf((dto: CreatePreferenceJudgementDto) => dto.preferredCompletionId !== null)
  @IsUUID()
  preferredCompletionId: string | null;
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
