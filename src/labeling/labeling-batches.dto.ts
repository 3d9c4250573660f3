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

  /** Labeling mode. `rate` shows one completion at a time, the others several of one prompt. */
  @ApiProperty({ enum: labelingModes, enumName: 'LabelingMode', example: 'rate' })
  @IsIn(labelingModes)
  mode: LabelingMode;

  /** Id of a criterion version, which must be published unless the purpose is `pilot`. */
  @IsUUID()
  criterionVersionId: string;

  /** Purpose. A `pilot` tests a criterion: its version may be a draft, and its ratings are not used for pairs by default. */
  @ApiPropertyOptional({ enum: labelingPurposes, enumName: 'LabelingPurpose', default: 'production' })
  @IsOptional()
  @IsIn(labelingPurposes)
  purpose?: LabelingPurpose;

  /** Only these completions. At least one of the three selections is required; several are combined (a completion must match all). */
  @ApiPropertyOptional({ type: [String], format: 'uuid', minItems: 1, maxItems: 10_000 })
  @IsOptional()
  @ArrayNotEmpty()
  @ArrayMaxSize(10_000)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  completionIds?: string[];

  /** Only completions of this completion batch. */
  @IsOptional()
  @IsUUID()
  completionBatchId?: string;

  /** Only completions of the prompts of this set. */
  @IsOptional()
  @IsUUID()
  promptSetId?: string;

  /** For `compare`: maximum number of pairs per prompt, drawn with the seed. Default: all pairs. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1000, example: 3 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  pairsPerPrompt?: number;

  /** Number of answers per item, each by a different labeler. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 1, example: 3 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  overlap?: number;

  /** Vendors whose labelers may claim tasks, in addition to labelers without a vendor. */
  @ApiPropertyOptional({ type: [String], format: 'uuid', maxItems: 100 })
  @IsOptional()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  vendorIds?: string[];

  /** Seed of the order of items and of completions within a task. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 2_147_483_647, default: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_147_483_647)
  seed?: number;

  /**
   * Share of gold items of the criterion version to include without marking them, at most as many as exist. Modes `rank` and `compare` use
   * gold items with a `worseCompletionId`, the others those with scores. Where a task shows all completions of a prompt, the gold ones
   * appear among the others.
   */
  @ApiPropertyOptional({ minimum: 0, maximum: 0.5, example: 0.05 })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(0.5)
  goldShare?: number;

  /** Deadline shown to labelers; it does not close the batch. */
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

  /** Selection of the completions; null for vendors. */
  @ApiProperty({ type: LabelingSelectionDto, nullable: true })
  selection: LabelingSelectionDto | null;

  @ApiProperty({ type: 'integer', example: 3 })
  overlap: number;

  /** Vendors of the batch; a vendor sees only itself. */
  @ApiProperty({ type: [String], format: 'uuid' })
  vendorIds: string[];

  @ApiProperty({ type: 'integer' })
  seed: number;

  /** Requested share of gold items; null for vendors. */
  @ApiProperty({ type: Number, nullable: true })
  goldShare: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  dueAt: Date | null;

  @ApiProperty({ type: String, nullable: true })
  priceNote: string | null;

  @ApiProperty({ enum: labelingBatchStates, enumName: 'LabelingBatchState' })
  state: LabelingBatchState;

  /** Number of items; each has `overlap` tasks. */
  @ApiProperty({ type: 'integer', example: 400 })
  itemCount: number;

  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completedAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  closedAt: Date | null;
}

export class LabelingCountsDto implements TaskCounts {
  /** Number of tasks waiting to be claimed. */
  @ApiProperty({ type: 'integer' })
  available: number;

  @ApiProperty({ type: 'integer' })
  leased: number;

  @ApiProperty({ type: 'integer' })
  completed: number;

  /** Number of skips; a new task replaces each. */
  @ApiProperty({ type: 'integer' })
  skipped: number;

  /** Number of expired leases; a new task replaces each. */
  @ApiProperty({ type: 'integer' })
  expired: number;
}

export class VendorLabelingCountsDto implements VendorTaskCounts {
  /** Vendor; null: labelers without a vendor. */
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
  /** Counts of the whole batch; a vendor sees its own and the tasks still available. */
  @ApiProperty({ type: LabelingCountsDto })
  counts: LabelingCountsDto;

  /** Counts by vendor; a vendor sees only its own. */
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
