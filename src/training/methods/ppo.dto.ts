import { RolloutRunInputsDto } from './run-bodies.dto.js';
import { Type } from 'class-transformer';
import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsNumber, IsObject, IsOptional, IsPositive, Max, Min, ValidateNested } from 'class-validator';
import { RolloutSettingsDto } from './settings.dto.js';
import { klControls, ppoDefaults as defaults, valueStarts, type KlControl, type PpoHyperparameters, type ValueStart } from '#src/rl/methods/ppo.js';
import { klEstimators, type KlEstimator } from '#src/rl/losses/token-rewards.js';

/** All optional: what is left out gets the default shown, and the answer shows the values in force. */
export class PpoHyperparametersDto extends OmitType(RolloutSettingsDto, ['learningRate', 'groupSize', 'innerEpochs'] as const) implements Partial<PpoHyperparameters> {
  @ApiPropertyOptional({ default: defaults.learningRate })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  learningRate?: number;

  /** Completions per prompt. They share the computation of the prompt but are not compared with each other. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.groupSize })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(64)
  groupSize?: number;

  @ApiPropertyOptional({ type: 'integer', default: defaults.innerEpochs })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(16)
  innerEpochs?: number;

  /** Penalty on the reward of each token per nat of KL to the starting policy; the initial value if `klControl` is `adaptive`. */
  @ApiPropertyOptional({ default: defaults.beta })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(10)
  beta?: number;

  /** Whether `beta` is fixed or adapted so that the KL of a completion approaches `klTarget`. */
  @ApiPropertyOptional({ enum: klControls, enumName: 'KlControl', default: defaults.klControl })
  @IsOptional()
  @IsIn(klControls)
  klControl?: KlControl;

  /** Target KL in nats per completion; only for `klControl: adaptive`. */
  @ApiPropertyOptional({ default: defaults.klTarget })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  klTarget?: number;

  /** Number of completions over which `beta` adapts; larger is slower. At least a fifth of the completions of a step. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.klHorizon })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  klHorizon?: number;

  /** KL estimator in the token rewards: `k1` is the log-ratio; `k3` is never negative. */
  @ApiPropertyOptional({ enum: klEstimators, enumName: 'KlEstimator', default: defaults.klEstimator })
  @IsOptional()
  @IsIn(klEstimators)
  klEstimator?: KlEstimator;

  /** Discount per token. */
  @ApiPropertyOptional({ default: defaults.gamma })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  gamma?: number;

  /** Lambda of generalized advantage estimation. */
  @ApiPropertyOptional({ default: defaults.lambda })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  lambda?: number;

  /** Whether to normalise the advantages of a step to mean 0 and deviation 1. */
  @ApiPropertyOptional({ default: defaults.whitenAdvantages })
  @IsOptional()
  @IsBoolean()
  whitenAdvantages?: boolean;

  /** Whether to scale the token rewards of a step to deviation 1. */
  @ApiPropertyOptional({ default: defaults.whitenRewards })
  @IsOptional()
  @IsBoolean()
  whitenRewards?: boolean;

  /** Optimizer steps per inner epoch, each on an equal share of the step's prompts; at most `promptsPerStep`. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.miniBatches })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1024)
  miniBatches?: number;

  /** Clip range of a value around its value at sampling. */
  @ApiPropertyOptional({ default: defaults.valueClip })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  valueClip?: number;

  @ApiPropertyOptional({ default: defaults.valueLearningRate })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  valueLearningRate?: number;

  /** Start of the value model: the policy's layers with a new head, or the first reward model of `rewards`. */
  @ApiPropertyOptional({ enum: valueStarts, enumName: 'ValueStart', default: defaults.valueStart })
  @IsOptional()
  @IsIn(valueStarts)
  valueStart?: ValueStart;
}

/** Fine-tunes a policy version by proximal policy optimization, with a value model of its own, against rewards. */
export class CreatePpoRunDto extends RolloutRunInputsDto {
  @ApiProperty({ enum: ['ppo'], example: 'ppo' })
  @IsIn(['ppo'])
  method: 'ppo';

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => PpoHyperparametersDto)
  hyperparameters?: PpoHyperparametersDto;
}
