import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsBoolean,
  IsNumber,
  IsOptional,
  IsPositive,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { criterionVersionStates, type CriterionVersionState } from './criterion-version.entity.js';

export class CreateCriterionDto {
  /** Unique among criteria. @example helpfulness */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name: string;

  /**
   * Minimum of Krippendorff's ordinal alpha in a pilot, which is then required before a version is published. Default: pilots are optional
   * and need 0.667.
   */
  @ApiPropertyOptional({ minimum: -1, maximum: 1, example: 0.667 })
  @IsOptional()
  @IsNumber()
  @Min(-1)
  @Max(1)
  minimumAgreement?: number;
}

export class CriterionDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** @example helpfulness */
  name: string;

  /** Minimum agreement in a pilot; null: pilots are optional and need 0.667. */
  @ApiProperty({ type: Number, nullable: true, example: null })
  minimumAgreement: number | null;

  createdAt: Date;
}

export class CriterionPage extends PageOf(CriterionDto) {}

export class CriteriaQuery extends PageQuery {
  /** Only the criterion with this name. */
  @IsOptional()
  @IsString()
  @IsStorable()
  name?: string;
}

export class AnchorDto {
  /** @example Where does Ivy live? */
  @IsOptional()
  @IsString()
  @Length(1, 20_000)
  @IsStorable()
  prompt?: string;

  /** @example Ivy lives in Oslo. */
  @IsString()
  @Length(1, 20_000)
  @IsStorable()
  completion: string;

  /** Why the example is at this level. @example right, and nothing that was not asked */
  @IsOptional()
  @IsString()
  @Length(1, 2000)
  @IsStorable()
  explanation?: string;
}

export class ScaleLevelDto {
  /** Score of this level. @example 5 */
  @IsNumber()
  value: number;

  /** @example very helpful */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  label: string;

  /** When to give this level. @example answers the question fully, from the given facts */
  @IsOptional()
  @IsString()
  @Length(1, 2000)
  @IsStorable()
  description?: string;

  /** Examples at this level, shown to labelers. */
  @ApiPropertyOptional({ type: [AnchorDto], maxItems: 5 })
  @IsOptional()
  @ArrayMaxSize(5)
  @ValidateNested({ each: true })
  @Type(() => AnchorDto)
  anchors?: AnchorDto[];
}

export class DimensionDto {
  /** Key in `dimensionScores`. @example helpfulness */
  @Matches(/^[a-z][a-z0-9_]{0,59}$/)
  name: string;

  /** Share in the overall score; only ratios matter. @example 2 */
  @IsNumber()
  @IsPositive()
  @Max(1_000_000)
  weight: number;

  /** What to judge in this dimension. @example Does it do what was asked? */
  @IsOptional()
  @IsString()
  @Length(1, 5000)
  @IsStorable()
  instructions?: string;
}

export class CreateCriterionVersionDto {
  /** Instructions for the labeler. @example Does the answer help the person who asked? */
  @IsString()
  @Length(1, 20_000)
  @IsStorable()
  instructions: string;

  /** 2 to 21 levels with strictly increasing values. */
  @ApiProperty({ type: [ScaleLevelDto], minItems: 2, maxItems: 21 })
  @ArrayMinSize(2)
  @ArrayMaxSize(21)
  @ValidateNested({ each: true })
  @Type(() => ScaleLevelDto)
  scale: ScaleLevelDto[];

  /** Dimensions, each scored on the scale; the overall score is their weighted mean. */
  @ApiPropertyOptional({ type: [DimensionDto], minItems: 1, maxItems: 20 })
  @IsOptional()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @ArrayUnique((dimension: DimensionDto | null) => dimension?.name)
  @ValidateNested({ each: true })
  @Type(() => DimensionDto)
  dimensions?: DimensionDto[];

  /** Whether to publish at once. Default: the version is a draft, which cannot be rated under. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  publish?: boolean;
}

/** One immutable wording of a criterion. */
export class CriterionVersionDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  criterionId: string;

  /** Counts from 1 within the criterion. */
  @ApiProperty({ type: 'integer', example: 1 })
  number: number;

  instructions: string;

  @ApiProperty({ type: [ScaleLevelDto] })
  scale: ScaleLevelDto[];

  /** Dimensions; null: a rating is a single score. */
  @ApiProperty({ type: [DimensionDto], nullable: true })
  dimensions: DimensionDto[] | null;

  @ApiProperty({ enum: criterionVersionStates, enumName: 'CriterionVersionState' })
  state: CriterionVersionState;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  publishedAt: Date | null;

  /** Latest pilot at the time of publication; null: none. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  pilotId: string | null;

  /** Agreement in that pilot: lowest ordinal alpha among the dimensions. */
  @ApiProperty({ type: Number, nullable: true, example: 0.72 })
  agreement: number | null;

  /** Reason given for publishing without the required pilot or agreement; null: not needed. */
  @ApiProperty({ type: String, nullable: true })
  overrideReason: string | null;

  createdAt: Date;
}

export class CriterionVersionPage extends PageOf(CriterionVersionDto) {}
