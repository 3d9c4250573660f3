import { ApiPropertyOptional, ApiProperty, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayUnique, IsBoolean, IsIn, IsInt, IsNumber, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { Nullable } from '#src/common/presence.js';
import { IsUUID } from '#src/common/is-uuid.js';
import { ComparisonSamplingDto } from '#src/comparisons/comparisons.dto.js';
import { CreatePairSetDto } from '#src/pairs/pair-sets.dto.js';
import { TrainingSettingsDto } from '#src/reward/models/hyperparameters.dto.js';
import { loopPairsData, loopSelections, type LoopPairsData, type LoopSelection } from './loop-config.js';
import { loopDefaults } from './loop-defaults.js';

export class LoopSamplingDto extends PickType(ComparisonSamplingDto, ['temperature', 'topP', 'maxTokens']) {}

export class LoopGenerationDto {
  /** Number of prompts rated per iteration; drawn anew each time, prompts without ratings first. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 100_000, example: 400 })
  @IsInt()
  @Min(1)
  @Max(100_000)
  prompts: number;

  /** Completions per prompt, from which pairs are built. */
  @ApiPropertyOptional({ type: 'integer', minimum: 2, maximum: 64, default: loopDefaults.generation.completionsPerPrompt })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(64)
  completionsPerPrompt?: number;

  /** How prompts are chosen. `disagreement`: answers `candidates` prompts and selects those on which a reward model ensemble disagrees most. */
  @ApiPropertyOptional({ enum: loopSelections, enumName: 'LoopSelection', default: loopDefaults.generation.selection })
  @IsOptional()
  @IsIn(loopSelections)
  selection?: LoopSelection;

  /** Number of prompts answered for `disagreement`. Default: three times `prompts`. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100_000, example: 1200 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100_000)
  candidates?: number;

  @IsOptional()
  @ValidateNested()
  @Type(() => LoopSamplingDto)
  sampling?: LoopSamplingDto;
}

export class LoopRatingsDto {
  /** Ratings per completion, each by a different labeler. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: loopDefaults.ratings.perCompletion })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  perCompletion?: number;

  /** Share of completions that must have all their ratings. */
  @ApiPropertyOptional({ default: loopDefaults.ratings.quorum })
  @IsOptional()
  @IsNumber()
  quorum?: number;

  /** Minimum agreement: how often two labelers who each prefer one of two answers must prefer the same one. Default: no minimum. */
  @ApiPropertyOptional({ type: Number, nullable: true, example: 0.6 })
  @IsOptional()
  @Nullable()
  @IsNumber()
  minimumAgreement?: number | null;

  /** Vendors that get a labeling batch. Without vendors, the loop waits for ratings posted to the completions. */
  @ApiPropertyOptional({ type: [String], format: 'uuid', maxItems: 100 })
  @IsOptional()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  vendorIds?: string[];
}

export class LoopPairsDto extends PickType(CreatePairSetDto, ['aggregation', 'pairWeights', 'ties', 'minimumMargin', 'evalFraction']) {
  /** Ratings that pairs are built from. `accumulated`: all ratings of the training prompts under the criterion version, so that earlier ratings keep counting. */
  @ApiPropertyOptional({ enum: loopPairsData, enumName: 'LoopPairsData', default: loopDefaults.pairs.data })
  @IsOptional()
  @IsIn(loopPairsData)
  data?: LoopPairsData;
}

export class LoopRewardDto {
  @IsOptional()
  @ValidateNested()
  @Type(() => TrainingSettingsDto)
  hyperparameters?: TrainingSettingsDto;
}

export class LoopGateDto {
  /** The lower end of the 95% interval of the win rate over the previous version must exceed this value. */
  @ApiPropertyOptional({ default: loopDefaults.gate.winRate })
  @IsOptional()
  @IsNumber()
  winRate?: number;

  /** Whether to use the length-controlled win rate. */
  @ApiPropertyOptional({ default: loopDefaults.gate.lengthControlled })
  @IsOptional()
  @IsBoolean()
  lengthControlled?: boolean;

  /** Maximum KL to the previous version at the end of training, in nats per token. A policy above it is held without a comparison. */
  @ApiPropertyOptional({ type: Number, nullable: true, example: 0.2 })
  @IsOptional()
  @Nullable()
  @IsNumber()
  maxKl?: number | null;

  /** Continue even if the verdict on the reward model or the training run is `failed`. The comparison alone then decides. */
  @ApiPropertyOptional({ default: loopDefaults.gate.allowFailedVerdict })
  @IsOptional()
  @IsBoolean()
  allowFailedVerdict?: boolean;
}
