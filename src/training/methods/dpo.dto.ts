import { DatasetSummaryDto } from './run-bodies.dto.js';
import { Type } from 'class-transformer';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsNumber, IsObject, IsOptional, IsPositive, IsUUID, Max, Min, ValidateNested } from 'class-validator';
import { DatasetSettingsDto } from './settings.dto.js';
import { dpoLossTypes, type DpoLossType } from '#src/rl/losses/dpo.js';
import { dpoDefaults as defaults, type DpoHyperparameters } from '#src/rl/methods/dpo.js';

/** All optional: what is left out gets the default shown, and the answer shows the values in force. */
export class DpoHyperparametersDto extends DatasetSettingsDto implements Partial<DpoHyperparameters> {
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

  @ApiPropertyOptional({ enum: dpoLossTypes, enumName: 'DpoLossType', default: defaults.lossType })
  @IsOptional()
  @IsIn(dpoLossTypes)
  lossType?: DpoLossType;

  /** Assumed probability that a preference is wrong; sigmoid loss only. */
  @ApiPropertyOptional({ default: defaults.labelSmoothing })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(0.49)
  labelSmoothing?: number;
}

/** Fine-tunes a policy version by direct preference optimization, without a reward model. */
export class CreateDpoRunDto {
  @ApiProperty({ enum: ['dpo'], example: 'dpo' })
  @IsIn(['dpo'])
  method: 'dpo';

  /** Policy version to start from; also the reference of the rewards. */
  @IsUUID()
  policyVersionId: string;

  /** A built pair set. Training uses the pairs of its train split; its eval split is for evaluation. */
  @IsUUID()
  pairSetId: string;

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => DpoHyperparametersDto)
  hyperparameters?: DpoHyperparametersDto;
}

/** Of `dpo`: rewards are beta times what a completion gained in log-probability over the starting policy. */
export class DpoSummaryDto extends DatasetSummaryDto {
  /** Number of training pairs. */
  @ApiProperty({ type: 'integer', example: 900 })
  pairs: number;

  @ApiProperty({ type: 'integer', example: 90 })
  evaluationPairs: number;

  /** Share of pairs whose chosen completion has the higher reward. @example 0.71 */
  accuracy: number;

  /** Mean of chosen minus rejected reward. @example 0.6 */
  margin: number;

  @ApiProperty({ example: 0.2 })
  chosenReward: number;

  @ApiProperty({ example: -0.4 })
  rejectedReward: number;
}
