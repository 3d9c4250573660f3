import { type LoraSettings, optimizerDefaults as defaults, type RateSchedule, rateSchedules } from '#src/rl/settings.js';
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
import { linearModules, type LinearModule } from '#src/lm/model/parameter-shapes.js';
import { LoraDropoutDto } from '#src/reward/models/lora-dropout.dto.js';
import { CheckpointSettingsDto } from './checkpoints/checkpoint-settings.dto.js';

export class LoraSettingsDto extends LoraDropoutDto implements LoraSettings {
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

/** What all training methods can be told; all optional. */
export class OptimizerSettingsDto extends CheckpointSettingsDto {
  /** Train low-rank factors, merged into the weights at the end; null trains all weights. */
  @ApiPropertyOptional({ type: () => LoraSettingsDto, nullable: true, default: null })
  @IsOptional()
  @ValidateNested()
  @Type(() => LoraSettingsDto)
  lora?: LoraSettingsDto | null;

  /** Of the learning rate after the warmup; linear and cosine end at zero. */
  @ApiPropertyOptional({ enum: rateSchedules, enumName: 'LearningRateSchedule', default: defaults.schedule })
  @IsOptional()
  @IsIn(rateSchedules)
  schedule?: RateSchedule;

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

  @ApiPropertyOptional({ type: 'integer', default: defaults.seed })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  seed?: number;
}
