import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { PageOf } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { labelingBatchStates, type LabelingBatchState } from '#src/labeling/labeling-batch.entity.js';
import { CreateLabelingBatchDto } from '#src/labeling/labeling-batches.dto.js';
import { DimensionAgreementDto } from './agreement.dto.js';

const pilotModes = ['rate', 'rate-side-by-side'] as const;
export type PilotMode = (typeof pilotModes)[number];

/** Completions and vendors, as for a labeling batch. Fifty completions are usually enough. */
export class CreatePilotDto extends PickType(CreateLabelingBatchDto, [
  'completionIds',
  'completionBatchId',
  'promptSetId',
  'vendorIds',
  'seed',
  'dueAt',
  'priceNote',
] as const) {
  /** Of the labeling batch. @example helpfulness 3, pilot */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name?: string;

  @ApiPropertyOptional({ enum: pilotModes, enumName: 'PilotMode', default: 'rate' })
  @IsOptional()
  @IsIn(pilotModes)
  mode?: PilotMode;

  /** Ratings per completion, each by a different labeler. */
  @ApiPropertyOptional({ type: 'integer', minimum: 2, maximum: 20, default: 3 })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(20)
  labelersPerItem?: number;
}

export class PilotDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  /** Labeling batch of the pilot, whose tasks are claimed and answered like any others. */
  @ApiProperty({ format: 'uuid' })
  labelingBatchId: string;

  createdAt: Date;
}

export class PilotPage extends PageOf(PilotDto) {}

export class PilotScoreDto {
  /** Dimension; null: the overall score. */
  @ApiProperty({ type: String, nullable: true, example: 'helpfulness' })
  dimension: string | null;

  /** Score, as the nearest level of the scale. @example 2 */
  score: number;
}

export class PilotRatingDto {
  @ApiProperty({ format: 'uuid' })
  labelerId: string;

  @ApiProperty({ type: [PilotScoreDto] })
  scores: PilotScoreDto[];

  @ApiProperty({ type: String, nullable: true })
  rationale: string | null;

  @ApiProperty({ type: [String] })
  flags: string[];
}

export class PilotDisagreementDto {
  @ApiProperty({ format: 'uuid' })
  completionId: string;

  prompt: string;

  completion: string;

  @ApiProperty({ type: [PilotRatingDto] })
  ratings: PilotRatingDto[];
}

/** What a pilot has found so far. */
export class PilotReportDto extends PilotDto {
  @ApiProperty({ enum: labelingBatchStates, enumName: 'LabelingBatchState' })
  state: LabelingBatchState;

  /** Number of items. */
  @ApiProperty({ type: 'integer', example: 50 })
  itemCount: number;

  @ApiProperty({ type: 'integer', example: 150 })
  ratings: number;

  /** Lowest ordinal alpha among the dimensions, or that of the score; null: one of them is undefined. */
  @ApiProperty({ type: Number, nullable: true, example: 0.58 })
  agreement: number | null;

  /** Minimum agreement of the criterion; default 0.667. @example 0.667 */
  minimumAgreement: number;

  /** Whether the version may be published without an override. */
  publishable: boolean;

  /** Why it cannot be published; null: it can. */
  @ApiProperty({ type: String, nullable: true, example: null })
  obstacle: string | null;

  /** Agreement overall, then by dimension, each with its levels. */
  @ApiProperty({ type: [DimensionAgreementDto] })
  dimensions: DimensionAgreementDto[];

  /** Up to 10 completions on which labelers differ most. */
  @ApiProperty({ type: [PilotDisagreementDto] })
  worstDisagreements: PilotDisagreementDto[];
}
