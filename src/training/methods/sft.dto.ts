import { DatasetSummaryDto } from './run-bodies.dto.js';
import { Type } from 'class-transformer';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsNumber, IsObject, IsOptional, IsPositive, IsUUID, Max, ValidateNested } from 'class-validator';
import { DatasetSettingsDto } from './settings.dto.js';
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

/** Fine-tunes a policy version on the completions that people preferred. */
export class CreateSftRunDto {
  @ApiProperty({ enum: ['sft'], example: 'sft' })
  @IsIn(['sft'])
  method: 'sft';

  /** Where the policy starts. */
  @IsUUID()
  policyVersionId: string;

  /** Must be built. The preferred completions of its train split are learned; its eval split measures. */
  @IsUUID()
  pairSetId: string;

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => SftHyperparametersDto)
  hyperparameters?: SftHyperparametersDto;
}

/** Of `sft`: cross-entropy in nats per token. */
export class SftSummaryDto extends DatasetSummaryDto {
  /** Completions learned. */
  @ApiProperty({ type: 'integer', example: 400 })
  examples: number;

  @ApiProperty({ type: 'integer', example: 40 })
  evaluationExamples: number;

  /** Share of tokens that the policy gives the highest probability. @example 0.52 */
  tokenAccuracyBefore: number;

  @ApiProperty({ example: 0.67 })
  tokenAccuracyAfter: number;
}
