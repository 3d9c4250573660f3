import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, ArrayUnique, IsIn, IsInt, IsNumber, IsOptional, IsPositive, IsString, Length, Max, Min } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsTime } from '#src/common/time.js';
import { IsStorable } from '#src/common/storable.js';
import {
  labelingBatchStates,
  labelingModes,
  labelingPurposes,
  type LabelingBatchState,
  type LabelingMode,
  type LabelingPurpose,
} from './labeling-batch.entity.js';
import type { TaskCounts, VendorTaskCounts } from './batch-rules.js';

export class CreateLabelingBatchDto {
  /** @example helpfulness, week 48 */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name: string;

  /** `rate` asks for one completion at a time, the others for several of one prompt. */
  @ApiProperty({ enum: labelingModes, enumName: 'LabelingMode', example: 'rate' })
  @IsIn(labelingModes)
  mode: LabelingMode;

  /** Must be published, unless the purpose is `pilot`. */
  @IsUUID()
  criterionVersionId: string;

  /** A pilot tries out a criterion: its version may be a draft, and its ratings make no pairs. */
  @ApiPropertyOptional({ enum: labelingPurposes, enumName: 'LabelingPurpose', default: 'production' })
  @IsOptional()
  @IsIn(labelingPurposes)
  purpose?: LabelingPurpose;

  /** These completions. Of the three ways to choose at least one is needed; several narrow. */
  @ApiPropertyOptional({ type: [String], format: 'uuid', minItems: 1, maxItems: 10_000 })
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayMaxSize(10_000)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  completionIds?: string[];

  /** The completions of this batch. */
  @IsOptional()
  @IsUUID()
  completionBatchId?: string;

  /** The completions of the prompts of this set. */
  @IsOptional()
  @IsUUID()
  promptSetId?: string;

  /** For `compare`: at most so many pairs of a prompt, drawn by the seed; all of them unless given. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1000, example: 3 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  pairsPerPrompt?: number;

  /** Results of each item, each by another labeler. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 1, example: 3 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  overlap?: number;

  /** Vendors whose labelers may claim, beside labelers that belong to no vendor. */
  @ApiPropertyOptional({ type: [String], format: 'uuid', maxItems: 100 })
  @IsOptional()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  vendorIds?: string[];

  /** Decides the order of items and of completions within a task. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 2_147_483_647, default: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_147_483_647)
  seed?: number;

  /**
   * Share of the items that shall be gold, mixed in unseen: completions of gold items of the criterion version. At most
   * as many as there are. Modes `rank` and `compare` take items with a `worseCompletionId`, the others items with scores; where
   * a task shows all of a prompt, other completions of that prompt stand beside the gold ones.
   */
  @ApiPropertyOptional({ minimum: 0, maximum: 0.5, example: 0.05 })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(0.5)
  goldShare?: number;

  /** Told to labelers; nothing ends by itself. */
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @IsTime()
  dueAt?: Date;

  /** @example 0.05 EUR per rating */
  @IsOptional()
  @IsString()
  @Length(1, 1000)
  @IsStorable()
  priceNote?: string;
}

export class LabelingSelectionDto {
  @ApiProperty({ type: [String], format: 'uuid', nullable: true })
  completionIds: string[] | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  completionBatchId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  promptSetId: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  pairsPerPrompt: number | null;
}

export class LabelingBatchDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** @example helpfulness, week 48 */
  name: string;

  @ApiProperty({ enum: labelingModes, enumName: 'LabelingMode' })
  mode: LabelingMode;

  @ApiProperty({ enum: labelingPurposes, enumName: 'LabelingPurpose' })
  purpose: LabelingPurpose;

  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  /** How the completions were chosen; null to a vendor. */
  @ApiProperty({ type: LabelingSelectionDto, nullable: true })
  selection: LabelingSelectionDto | null;

  @ApiProperty({ type: 'integer', example: 3 })
  overlap: number;

  /** To a vendor: itself. */
  @ApiProperty({ type: [String], format: 'uuid' })
  vendorIds: string[];

  @ApiProperty({ type: 'integer' })
  seed: number;

  /** Share of the items that are gold, as asked for; null to a vendor. */
  @ApiProperty({ type: Number, nullable: true })
  goldShare: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  dueAt: Date | null;

  @ApiProperty({ type: String, nullable: true })
  priceNote: string | null;

  @ApiProperty({ enum: labelingBatchStates, enumName: 'LabelingBatchState' })
  state: LabelingBatchState;

  /** Things to be judged; each is `overlap` tasks. */
  @ApiProperty({ type: 'integer', example: 400 })
  itemCount: number;

  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completedAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  closedAt: Date | null;
}

export class LabelingCountsDto implements TaskCounts {
  /** Waiting for a labeler, whoever claims first. */
  @ApiProperty({ type: 'integer' })
  available: number;

  @ApiProperty({ type: 'integer' })
  leased: number;

  @ApiProperty({ type: 'integer' })
  completed: number;

  /** Times a labeler passed; another one takes the place. */
  @ApiProperty({ type: 'integer' })
  skipped: number;

  /** Times a lease ran out; another one takes the place. */
  @ApiProperty({ type: 'integer' })
  expired: number;
}

export class VendorLabelingCountsDto implements VendorTaskCounts {
  /** Null for labelers that belong to no vendor. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  vendorId: string | null;

  @ApiProperty({ type: 'integer' })
  leased: number;

  @ApiProperty({ type: 'integer' })
  completed: number;

  @ApiProperty({ type: 'integer' })
  skipped: number;

  @ApiProperty({ type: 'integer' })
  expired: number;
}

export class LabelingBatchDetailDto extends LabelingBatchDto {
  /** Of the whole batch; to a vendor its own, and what is still available to anybody. */
  @ApiProperty({ type: LabelingCountsDto })
  counts: LabelingCountsDto;

  /** To a vendor: its own line. */
  @ApiProperty({ type: [VendorLabelingCountsDto] })
  countsByVendor: VendorLabelingCountsDto[];
}

export class LabelingBatchPage extends PageOf(LabelingBatchDto) {}

export class LabelingBatchesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: labelingBatchStates, enumName: 'LabelingBatchState' })
  @IsOptional()
  @IsIn(labelingBatchStates)
  state?: LabelingBatchState;
}
