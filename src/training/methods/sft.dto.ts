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

  /** Completions to learn from: `best`: preferred and never rejected; `chosen`: preferred in at least one pair. */
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

  /** Policy version to start from. */
  @IsUUID()
  policyVersionId: string;

  /** A built pair set. Training uses the preferred completions of its train split; its eval split is for evaluation. */
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
  /** Number of training completions. */
  @ApiProperty({ type: 'integer', example: 400 })
  examples: number;

  @ApiProperty({ type: 'integer', example: 40 })
  evaluationExamples: number;

  /** Share of tokens to which the policy gives the highest probability. @example 0.52 */
  tokenAccuracyBefore: number;

  @ApiProperty({ example: 0.67 })
  tokenAccuracyAfter: number;
}
