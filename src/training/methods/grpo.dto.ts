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
  /** Weight of the KL to the starting policy; 0 saves computing it. */
  @ApiPropertyOptional({ default: defaults.beta })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(10)
  beta?: number;

  /** Divide advantages by the deviation of their group. */
  @ApiPropertyOptional({ default: defaults.scaleRewards })
  @IsOptional()
  @IsBoolean()
  scaleRewards?: boolean;

  /**
   * What a token counts in the loss: `bnpo` the same for all tokens of a step, `grpo` the same for all completions,
   * `dr_grpo` the same in all steps.
   */
  @ApiPropertyOptional({ enum: tokenAveragings, enumName: 'GrpoLossType', default: defaults.lossType })
  @IsOptional()
  @IsIn(tokenAveragings)
  lossType?: TokenAveraging;

  /** Whether the clipped ratio is that of a token or of its completion (GSPO). */
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
