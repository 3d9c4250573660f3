import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsNumber, IsOptional, IsPositive, Max, Min } from 'class-validator';
import { DatasetSettingsDto } from '../datasets/dataset-hyperparameters.dto.js';
import { dpoLossTypes, type DpoLossType } from '#src/rl/losses/dpo.js';
import { dpoDefaults as defaults, type DpoHyperparameters } from '#src/rl/methods/dpo.js';

/** All optional: what is left out gets the default shown, and the answer shows the values in force. */
export class DpoHyperparametersDto extends DatasetSettingsDto implements Partial<DpoHyperparameters> {
  @ApiPropertyOptional({ default: defaults.learningRate })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  learningRate?: number;

  /** How dear it is to leave the starting policy: larger stays nearer. */
  @ApiPropertyOptional({ default: defaults.beta })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(10)
  beta?: number;

  @ApiPropertyOptional({ enum: dpoLossTypes, enumName: 'DpoLossType', default: defaults.lossType })
  @IsOptional()
  @IsIn(dpoLossTypes)
  lossType?: DpoLossType;

  /** Probability that a preference is taken to be wrong; of the sigmoid loss only. */
  @ApiPropertyOptional({ default: defaults.labelSmoothing })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(0.49)
  labelSmoothing?: number;
}
