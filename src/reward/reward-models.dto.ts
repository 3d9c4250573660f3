import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsOptional, IsString, IsUUID, Length, ValidateNested } from 'class-validator';
import { VerdictDto } from '#src/common/findings.dto.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { RewardHyperparametersDto, TrainingSettingsDto } from './hyperparameters.dto.js';
import { RewardEvaluationDto } from './reward-evaluation.dto.js';

/** What a reward model is trained from and how. */
export class PlanRewardModelDto {
  /** A pair set that has been built. */
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  pairSetId: string;

  /** The policy whose weights training starts from, with a reward head in the place of its LM head. */
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  basePolicyVersionId: string;

  /** What is left out takes its default. */
  @ApiPropertyOptional({ type: TrainingSettingsDto })
  @IsOptional()
  @ValidateNested()
  @Type(() => TrainingSettingsDto)
  hyperparameters?: TrainingSettingsDto;
}

export class CreateRewardModelDto extends PlanRewardModelDto {
  /** Unique among reward models. @example helpfulness-1 */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name: string;
}

export class RewardModelDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** @example helpfulness-1 */
  name: string;

  /** The job that trains it. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;

  @ApiProperty({ format: 'uuid' })
  pairSetId: string;

  @ApiProperty({ format: 'uuid' })
  basePolicyVersionId: string;

  @ApiProperty({ type: RewardHyperparametersDto })
  hyperparameters: RewardHyperparametersDto;

  /** The trained model, of an ensemble the first; null until then. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  modelId: string | null;

  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/RewardEvaluationDto' }, { type: 'null' }] })
  evaluation: RewardEvaluationDto | null;

  /** An audit of the training; null until it is over. */
  @ApiProperty({ type: () => VerdictDto, nullable: true })
  verdict: VerdictDto | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  trainedAt: Date | null;

  createdAt: Date;
}

export class RewardModelPage extends PageOf(RewardModelDto) {}

export class RewardModelsQuery extends PageQuery {
  /** Only the reward model of this name. */
  @IsOptional()
  @IsString()
  @IsStorable()
  name?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  pairSetId?: string;
}
