import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsNumber, IsObject, IsOptional, IsPositive, IsUUID, Max, Min, ValidateNested } from 'class-validator';
import { Nullable } from '#src/common/presence.js';
import { ktoDefaults as defaults, type KtoHyperparameters } from '#src/rl/methods/kto.js';
import { DatasetSummaryDto } from './run-bodies.dto.js';
import { DatasetSettingsDto } from './settings.dto.js';

/** All optional: what is left out gets the default shown, and the answer shows the values in force. */
export class KtoHyperparametersDto extends DatasetSettingsDto implements Partial<KtoHyperparameters> {
  @ApiPropertyOptional({ default: defaults.learningRate })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  learningRate?: number;

  /** Strength of the pull towards the starting policy; larger values stay closer. */
  @ApiPropertyOptional({ default: defaults.beta })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(10)
  beta?: number;

  /** Weight of a desirable completion in the loss. Raise the weight of the rarer kind until both kinds have about the same total weight. */
  @ApiPropertyOptional({ default: defaults.desirableWeight })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(100)
  desirableWeight?: number;

  /** Weight of an undesirable completion in the loss. */
  @ApiPropertyOptional({ default: defaults.undesirableWeight })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(100)
  undesirableWeight?: number;
}

/** The ratings that a run learns from: those that count now, each labeler's latest of a completion, without gold items and pilots. */
export class RatedDataDto {
  /** Published criterion version whose ratings are used. */
  @IsUUID()
  criterionVersionId: string;

  /** Only completions of the prompts of this set. */
  @ApiPropertyOptional({ type: String, format: 'uuid', nullable: true })
  @IsOptional()
  @Nullable()
  @IsUUID()
  promptSetId?: string | null;

  /** Only completions of this batch. */
  @ApiPropertyOptional({ type: String, format: 'uuid', nullable: true })
  @IsOptional()
  @Nullable()
  @IsUUID()
  completionBatchId?: string | null;

  /**
   * Completions with a mean score above the threshold are desirable, below it undesirable; those at the threshold are left out and counted
   * as `undecided`. Default: the middle of the scale. @example 3
   */
  @ApiPropertyOptional()
  @IsOptional()
  @IsNumber()
  threshold?: number;

  /** Share of prompts held out for evaluation, by hash of their text. */
  @ApiPropertyOptional({ default: 0.1 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(0.9)
  evalFraction?: number;

  /** Seed of the split. The seed of a pair set gives the same split as that pair set. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 2_147_483_647, default: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_147_483_647)
  seed?: number;
}

/** Fine-tunes a policy version on ratings as they are, without pairs, by Kahneman-Tversky optimization. */
export class CreateKtoRunDto {
  @ApiProperty({ enum: ['kto'], example: 'kto' })
  @IsIn(['kto'])
  method: 'kto';

  /** Policy version to start from; also the reference of the rewards. */
  @IsUUID()
  policyVersionId: string;

  @IsObject()
  @ValidateNested()
  @Type(() => RatedDataDto)
  @ApiProperty({ type: RatedDataDto })
  ratings: RatedDataDto;

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => KtoHyperparametersDto)
  hyperparameters?: KtoHyperparametersDto;
}

/** Of `kto`. Rewards are `beta` times what a completion gained in log-probability, means on the evaluation data. */
export class KtoSummaryDto extends DatasetSummaryDto {
  /** Number of training completions. */
  @ApiProperty({ type: 'integer', example: 400 })
  examples: number;

  /** Number of desirable training completions. */
  @ApiProperty({ type: 'integer', example: 250 })
  desirable: number;

  @ApiProperty({ type: 'integer', example: 40 })
  evaluationExamples: number;

  /** Number of completions of both splits left out because their mean score equals the threshold. */
  @ApiProperty({ type: 'integer', example: 12 })
  undecided: number;

  /** Mean reward of desirable completions; null: the evaluation data has none. */
  @ApiProperty({ type: Number, nullable: true, example: 0.3 })
  desirableReward: number | null;

  /** Mean reward of undesirable completions; null: the evaluation data has none. */
  @ApiProperty({ type: Number, nullable: true, example: -0.4 })
  undesirableReward: number | null;

  /** Difference of the two rewards; null if either is null. */
  @ApiProperty({ type: Number, nullable: true, example: 0.7 })
  margin: number | null;

  /** The reference point: an estimate of the KL to the starting policy in nats per completion, from completions of other prompts. @example 0.8 */
  referencePoint: number;
}
