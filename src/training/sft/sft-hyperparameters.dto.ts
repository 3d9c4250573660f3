import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsNumber, IsOptional, IsPositive, Max } from 'class-validator';
import { DatasetSettingsDto } from '../datasets/dataset-hyperparameters.dto.js';
import { sftDefaults as defaults, type SftHyperparameters } from '#src/rl/methods/sft.js';
import { completionSelections, type CompletionSelection } from '#src/rl/datasets/training-examples.js';

/** All optional: what is left out gets the default shown, and the answer shows the values in force. */
export class SftHyperparametersDto extends DatasetSettingsDto implements Partial<SftHyperparameters> {
  @ApiPropertyOptional({ default: defaults.learningRate })
  @IsOptional()
  @IsNumber()
  @IsPositive()
  @Max(1)
  learningRate?: number;

  /** Which completions are learned: `best` were preferred and never rejected, `chosen` preferred in some pair. */
  @ApiPropertyOptional({ enum: completionSelections, enumName: 'CompletionSelection', default: defaults.completions })
  @IsOptional()
  @IsIn(completionSelections)
  completions?: CompletionSelection;
}
