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

  /** Completions per prompt; they share the computation of the prompt and are not compared with each other. */
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

  /** Taken off the reward of each token per nat of KL to the starting policy; where it begins when `klControl` is `adaptive`. */
  @ApiPropertyOptional({ default: defaults.beta })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(10)
  beta?: number;

  /** Whether `beta` stays, or is moved until the KL of a completion comes to `klTarget`. */
  @ApiPropertyOptional({ enum: klControls, enumName: 'KlControl', default: defaults.klControl })
  @IsOptional()
  @IsIn(klControls)
  klControl?: KlControl;

  /** Nats per completion; of `adaptive`. */
  @ApiPropertyOptional({ default: defaults.klTarget })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  klTarget?: number;

  /** Completions over which `beta` is moved; larger is slower. At least a fifth of the completions of a step. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.klHorizon })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000_000)
  klHorizon?: number;

  /** Of the KL in the rewards of tokens: `k1` is the log-ratio, `k3` is never negative. */
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

  /** Of generalized advantage estimation. */
  @ApiPropertyOptional({ default: defaults.lambda })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  lambda?: number;

  /** Shift and scale the advantages of a step to mean 0 and deviation 1. */
  @ApiPropertyOptional({ default: defaults.whitenAdvantages })
  @IsOptional()
  @IsBoolean()
  whitenAdvantages?: boolean;

  /** Scale the rewards of tokens to deviation 1 over a step. */
  @ApiPropertyOptional({ default: defaults.whitenRewards })
  @IsOptional()
  @IsBoolean()
  whitenRewards?: boolean;

  /** Optimizer steps per inner epoch, each on its share of the step's prompts; at most `promptsPerStep`. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.miniBatches })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1024)
  miniBatches?: number;

  /** How far a value may move from what it was at sampling before its gradient ends. */
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

  /** What the value model starts from: the policy's trunk under a new head, or the first reward model of the rewards. */
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
