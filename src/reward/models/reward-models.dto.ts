import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { VerdictDto } from '#src/common/findings.dto.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { PolicyVersionFileDto } from '#src/policies/policy-versions.dto.js';
import { maxModelFiles } from '#src/policies/uploaded-model.js';
import { RewardHyperparametersDto, TrainingSettingsDto } from './hyperparameters.dto.js';
import { RewardEvaluationDto } from '../evaluation/reward-evaluation.dto.js';
import { rewardModelOrigins, type RewardModelOrigin } from './reward-model.entity.js';

/** What a reward model is trained from and how. */
class RewardTrainingDto {
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

/** The body of the training that is planned. */
export class PlanRewardModelDto extends RewardTrainingDto {
  /** Not looked at: it is here so that the body of `POST /v1/reward-models` can be planned as it is. @example helpfulness-1 */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name?: string;
}

export class CreateRewardModelDto extends RewardTrainingDto {
  /** Unique among reward models. @example helpfulness-1 */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name: string;
}

export class UploadRewardModelDto {
  /** Unique among reward models. @example reward-of-others */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name: string;

  /**
   * A `...ForSequenceClassification` with one label: config.json, tokenizer.json and model.safetensors, or in its place the
   * shards with model.safetensors.index.json; tokenizer_config.json and chat_template.jinja are welcome.
   */
  @ApiProperty({ type: [PolicyVersionFileDto] })
  @IsArray()
  @ArrayMaxSize(maxModelFiles)
  @ValidateNested({ each: true })
  @Type(() => PolicyVersionFileDto)
  files: PolicyVersionFileDto[];

  /** Longer texts are cut, as its training did; all that the model can read when left out. */
  @ApiPropertyOptional({ type: 'integer', example: 1024 })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(1_000_000)
  maxTokens?: number;
}

export class RewardModelDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** @example helpfulness-1 */
  name: string;

  @ApiProperty({ enum: rewardModelOrigins, enumName: 'RewardModelOrigin', example: 'trained' })
  origin: RewardModelOrigin;

  /** The job that trains it; null of an uploaded one, as are the three below. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  pairSetId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  basePolicyVersionId: string | null;

  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/RewardHyperparametersDto' }, { type: 'null' }] })
  hyperparameters: RewardHyperparametersDto | null;

  /** Longest text that an uploaded one reads; of a trained one among its hyperparameters. */
  @ApiProperty({ type: 'integer', nullable: true, example: 1024 })
  maxTokens: number | null;

  /** The trained model, of an ensemble the first; null until then. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  modelId: string | null;

  /** Null also of an uploaded one, as are the two below. */
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
