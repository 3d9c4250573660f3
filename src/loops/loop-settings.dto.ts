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
  /** Prompts whose answers are rated in an iteration; drawn anew each time, those not yet rated first. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 100_000, example: 400 })
  @IsInt()
  @Min(1)
  @Max(100_000)
  prompts: number;

  /** Answers to each; pairs are made among them. */
  @ApiPropertyOptional({ type: 'integer', minimum: 2, maximum: 64, default: loopDefaults.generation.completionsPerPrompt })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(64)
  completionsPerPrompt?: number;

  /** `disagreement` answers `candidates` prompts and has those rated on which an ensemble of reward models disagrees most. */
  @ApiPropertyOptional({ enum: loopSelections, enumName: 'LoopSelection', default: loopDefaults.generation.selection })
  @IsOptional()
  @IsIn(loopSelections)
  selection?: LoopSelection;

  /** Of `disagreement`; three times `prompts` unless given. */
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
  /** Ratings that each completion needs, each by another labeler. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: loopDefaults.ratings.perCompletion })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  perCompletion?: number;

  /** Share of the completions that must have them. */
  @ApiPropertyOptional({ default: loopDefaults.ratings.quorum })
  @IsOptional()
  @IsNumber()
  quorum?: number;

  /** Of two labelers who both prefer one of two answers, how often it must be the same one. Unlimited when left out. */
  @ApiPropertyOptional({ type: Number, nullable: true, example: 0.6 })
  @IsOptional()
  @Nullable()
  @IsNumber()
  minimumAgreement?: number | null;

  /** Vendors that get a labeling batch; without any, ratings are awaited that are posted to the completions. */
  @ApiPropertyOptional({ type: [String], format: 'uuid', maxItems: 100 })
  @IsOptional()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  vendorIds?: string[];
}

export class LoopPairsDto extends PickType(CreatePairSetDto, ['aggregation', 'pairWeights', 'ties', 'minimumMargin', 'evalFraction']) {
  /** `accumulated`: of all ratings of the practice prompts under the criterion version, so that nothing is forgotten. */
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
  /** The lower end of the 95% interval of the win rate over the version before must be beyond it. */
  @ApiPropertyOptional({ default: loopDefaults.gate.winRate })
  @IsOptional()
  @IsNumber()
  winRate?: number;

  /** Hold the length-controlled win rate against it. */
  @ApiPropertyOptional({ default: loopDefaults.gate.lengthControlled })
  @IsOptional()
  @IsBoolean()
  lengthControlled?: boolean;

  /** Nats per token from the version before, at the end of a training. A policy beyond it is held without a comparison. */
  @ApiPropertyOptional({ type: Number, nullable: true, example: 0.2 })
  @IsOptional()
  @Nullable()
  @IsNumber()
  maxKl?: number | null;

  /** Train and compare although the audit of the reward model or of the training run failed. People then decide alone. */
  @ApiPropertyOptional({ default: loopDefaults.gate.allowFailedVerdict })
  @IsOptional()
  @IsBoolean()
  allowFailedVerdict?: boolean;
}
