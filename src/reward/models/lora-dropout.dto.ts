import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsNumber, IsOptional, Max, Min } from 'class-validator';

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
