import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  ArrayUnique,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsPositive,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { linearModules, type LinearModule } from '#src/lm/parameter-shapes.js';
import { rateSchedules, type RateSchedule } from '#src/reward/hyperparameters.js';
import { grpoDefaults as defaults, type GrpoHyperparameters } from './grpo-hyperparameters.js';

export class GrpoLoraDto {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 1024, example: 8 })
  @IsInt()
  @Min(1)
  @Max(1024)
  rank: number;

  /** The factors' product is scaled by alpha / rank. @example 16 */
  @IsNumber()
  @IsPositive()
  alpha: number;

  /** Names of linear maps, as PEFT calls them. */
  @ApiProperty({
    enum: linearModules,
    enumName: 'LoraTargetModule',
    isArray: true,
    example: ['q_proj', 'v_proj'],
  })
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(linearModules, { each: true })
  targetModules: LinearModule[];
}

/** All optional: what is left out gets the default shown, and the answer shows the values in force. */
export class GrpoHyperparametersDto implements Partial<GrpoHyperparameters> {
  @ApiPropertyOptional({ default: defaults.learningRate })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  learningRate?: number;

  @ApiPropertyOptional({ type: 'integer', default: defaults.steps })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100_000)
  steps?: number;

  @ApiPropertyOptional({ type: 'integer', default: defaults.promptsPerStep })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1024)
  promptsPerStep?: number;

  /** Completions per prompt. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.groupSize })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(64)
  groupSize?: number;

  /** Longest completion, in tokens. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.maxTokens })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4096)
  maxTokens?: number;

  @ApiPropertyOptional({ default: defaults.temperature })
  @IsOptional()
  @IsNumber()
  @Min(0.1)
  @Max(5)
  temperature?: number;

  @ApiPropertyOptional({ default: defaults.topP })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  topP?: number;

  /** Weight of the KL to the starting policy; 0 saves computing it. */
  @ApiPropertyOptional({ default: defaults.beta })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(10)
  beta?: number;

  @ApiPropertyOptional({ default: defaults.clipLow })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  clipLow?: number;

  @ApiPropertyOptional({ default: defaults.clipHigh })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(10)
  clipHigh?: number;

  /** Divide advantages by the deviation of their group. */
  @ApiPropertyOptional({ default: defaults.scaleRewards })
  @IsOptional()
  @IsBoolean()
  scaleRewards?: boolean;

  /** Optimizer steps on the completions of one step. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.innerEpochs })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(16)
  innerEpochs?: number;

  /** Train low-rank factors, merged into the weights at the end; null trains all weights. */
  @ApiPropertyOptional({ type: () => GrpoLoraDto, nullable: true, default: null })
  @IsOptional()
  @ValidateNested()
  @Type(() => GrpoLoraDto)
  lora?: GrpoLoraDto | null;

  /** Of the learning rate after the warmup; linear and cosine end at zero. */
  @ApiPropertyOptional({ enum: rateSchedules, enumName: 'LearningRateSchedule', default: defaults.schedule })
  @IsOptional()
  @IsIn(rateSchedules)
  schedule?: RateSchedule;

  @ApiPropertyOptional({ type: 'integer', default: defaults.warmupSteps })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(100_000)
  warmupSteps?: number;

  /** Tokens computed at once, shared prompts once; gradients of the parts add up to those of the step. null: all at once. */
  @ApiPropertyOptional({ type: 'integer', nullable: true, default: defaults.microBatchTokens, example: 4096 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10_000_000)
  microBatchTokens?: number | null;

  /** Less memory for some more time: activations inside a layer are computed again on the way back. */
  @ApiPropertyOptional({ default: defaults.gradientCheckpointing })
  @IsOptional()
  @IsBoolean()
  gradientCheckpointing?: boolean;

  @ApiPropertyOptional({ default: defaults.maxGradNorm })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  maxGradNorm?: number;

  @ApiPropertyOptional({ default: defaults.weightDecay })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  weightDecay?: number;

  /** Keep completions that were cut off out of the loss. */
  @ApiPropertyOptional({ default: defaults.maskTruncated })
  @IsOptional()
  @IsBoolean()
  maskTruncated?: boolean;

  /** Taken off the reward of a completion of `maxTokens`, in proportion for shorter ones. */
  @ApiPropertyOptional({ default: defaults.lengthPenalty })
  @IsOptional()
  @IsNumber()
  @Min(0)
  lengthPenalty?: number;

  /** Prompts of the set, from its beginning, whose answers are scored before and after. */
  @ApiPropertyOptional({ type: 'integer', default: defaults.evaluationPrompts })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4096)
  evaluationPrompts?: number;

  @ApiPropertyOptional({ type: 'integer', default: defaults.seed })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  seed?: number;
}
