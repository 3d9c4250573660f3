import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsNumber, IsOptional, IsPositive, Max, Min } from 'class-validator';
import { Nullable } from '#src/common/presence.js';
import { optimizerDefaults as defaults } from '#src/rl/settings.js';

/** What low-rank factors of reward models and of policies have in common. */
export class LoraDropoutDto {
  /**
   * Dropout on the inputs of the factors during training (PEFT's `lora_dropout`). Only for reward models, `sft` and `dpo`: methods that
   * need the sampling policy's own probabilities refuse it.
   */
  @ApiPropertyOptional({ default: 0, minimum: 0, maximum: 0.9, example: 0.05 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(0.9)
  dropout?: number;
}

/** Optimizer settings for any training; all optional. */
export class OptimizerBaseDto {
  /**
   * Tokens per micro-batch, with shared prompts counted once; gradients are accumulated over the step. Default: chosen for this machine
   * when the training is created, and recorded. null or 0: the whole step at once.
   */
  @ApiPropertyOptional({ type: 'integer', nullable: true, example: 512 })
  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(0)
  @Max(10_000_000)
  microBatchTokens?: number | null;

  /** Recompute the activations inside each layer in the backward pass: less memory, more time. */
  @ApiPropertyOptional({ default: defaults.gradientCheckpointing })
  @IsOptional()
  @IsBoolean()
  gradientCheckpointing?: boolean;

  @ApiPropertyOptional({ default: defaults.maxGradNorm })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  maxGradNorm?: number;
}
