import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsNumber, IsOptional, IsPositive, Max, Min } from 'class-validator';
import { Nullable } from '#src/common/presence.js';
import { optimizerDefaults as defaults } from '#src/rl/settings.js';

/** What low-rank factors of reward models and of policies have in common. */
export class LoraDropoutDto {
  /**
   * Share of the inputs of the factors that each training step leaves out at random (PEFT's `lora_dropout`); evaluation sees all of
   * them. For reward models, `sft` and `dpo`: methods that compare a policy with itself as it was when it wrote refuse it.
   */
  @ApiPropertyOptional({ default: 0, minimum: 0, maximum: 0.9, example: 0.05 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(0.9)
  dropout?: number;
}

/** How steps are taken, whatever is trained; all optional. */
export class OptimizerBaseDto {
  /**
   * Tokens computed at once, shared prompts once; gradients of the parts add up to those of the step. Left out, the number is
   * chosen for this machine when the training is created, and recorded. null or 0: all at once.
   */
  @ApiPropertyOptional({ type: 'integer', nullable: true, example: 512 })
  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(0)
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
}
