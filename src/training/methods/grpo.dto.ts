import { RolloutRunInputsDto } from './run-bodies.dto.js';
import { Type } from 'class-transformer';
import { tokenAveragings, type TokenAveraging } from '#src/rl/batch/group-batch.js';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsNumber, IsObject, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { importanceLevels, type ImportanceLevel } from '#src/rl/losses/grpo.js';
import { grpoDefaults as defaults, type GrpoHyperparameters } from '#src/rl/methods/grpo.js';
import { RolloutSettingsDto } from './settings.dto.js';

/** All optional: what is left out gets the default shown, and the answer shows the values in force. */
export class GrpoHyperparametersDto extends RolloutSettingsDto implements Partial<GrpoHyperparameters> {
  /** Weight of the KL to the starting policy; 0 skips computing it. */
  @ApiPropertyOptional({ default: defaults.beta })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(10)
  beta?: number;

  /** Whether to divide advantages by the standard deviation of their group. */
  @ApiPropertyOptional({ default: defaults.scaleRewards })
  @IsOptional()
  @IsBoolean()
  scaleRewards?: boolean;

  /**
   * Weight of a token in the loss: `bnpo`: equal for all tokens of a step; `grpo`: equal for all completions; `dr_grpo`: equal in all
   * steps.
   */
  @ApiPropertyOptional({ enum: tokenAveragings, enumName: 'GrpoLossType', default: defaults.lossType })
  @IsOptional()
  @IsIn(tokenAveragings)
  lossType?: TokenAveraging;

  /** Whether the ratio is clipped per token or per completion (GSPO). */
  @ApiPropertyOptional({ enum: importanceLevels, enumName: 'ImportanceLevel', default: defaults.importanceSampling })
  @IsOptional()
  @IsIn(importanceLevels)
  importanceSampling?: ImportanceLevel;
}

/** Fine-tunes a policy version by group relative policy optimization against rewards. */
export class CreateGrpoRunDto extends RolloutRunInputsDto {
  @ApiProperty({ enum: ['grpo'], example: 'grpo' })
  @IsIn(['grpo'])
  method: 'grpo';

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => GrpoHyperparametersDto)
  hyperparameters?: GrpoHyperparametersDto;
}
