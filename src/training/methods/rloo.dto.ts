import { RolloutRunInputsDto } from './run-bodies.dto.js';
import { Type } from 'class-transformer';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsNumber, IsObject, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { rlooDefaults as defaults, type RlooHyperparameters } from '#src/rl/methods/rloo.js';
import { RolloutSettingsDto } from './settings.dto.js';

/** All optional: what is left out gets the default shown, and the answer shows the values in force. */
export class RlooHyperparametersDto extends RolloutSettingsDto implements Partial<RlooHyperparameters> {
  /** Penalty on the reward per nat of log-ratio to the starting policy; 0 skips computing it. */
  @ApiPropertyOptional({ default: defaults.beta })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(10)
  beta?: number;

  /** Whether to normalise the advantages of a step to mean 0 and deviation 1. */
  @ApiPropertyOptional({ default: defaults.normalizeAdvantages })
  @IsOptional()
  @IsBoolean()
  normalizeAdvantages?: boolean;
}

/** Fine-tunes a policy version by REINFORCE with a leave-one-out baseline against rewards. */
export class CreateRlooRunDto extends RolloutRunInputsDto {
  @ApiProperty({ enum: ['rloo'], example: 'rloo' })
  @IsIn(['rloo'])
  method: 'rloo';

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RlooHyperparametersDto)
  hyperparameters?: RlooHyperparametersDto;
}
