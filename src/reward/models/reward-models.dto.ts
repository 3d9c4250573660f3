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
  /** Id of a built pair set. */
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  pairSetId: string;

  /** Policy version whose weights training starts from; its LM head is replaced by a reward head. */
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  basePolicyVersionId: string;

  /** Hyperparameters; omitted ones take their defaults. */
  @ApiPropertyOptional({ type: TrainingSettingsDto })
  @IsOptional()
  @ValidateNested()
  @Type(() => TrainingSettingsDto)
  hyperparameters?: TrainingSettingsDto;
}

/** The body of the training that is planned. */
export class PlanRewardModelDto extends RewardTrainingDto {
  /** Ignored; accepted so that the body of `POST /v1/reward-models` can be planned unchanged. @example helpfulness-1 */
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
   * Files of a `...ForSequenceClassification` model with one label. Required: config.json, tokenizer.json, and model.safetensors or shards
   * with model.safetensors.index.json. Optional: tokenizer_config.json, chat_template.jinja.
   */
  @ApiProperty({ type: [PolicyVersionFileDto] })
  @IsArray()
  @ArrayMaxSize(maxModelFiles)
  @ValidateNested({ each: true })
  @Type(() => PolicyVersionFileDto)
  files: PolicyVersionFileDto[];

  /** Maximum text length in tokens; longer texts are cut as in its training. Default: the limit of the model. */
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

  /** Job that trains it; null if uploaded, as are the next three fields. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  pairSetId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  basePolicyVersionId: string | null;

  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/RewardHyperparametersDto' }, { type: 'null' }] })
  hyperparameters: RewardHyperparametersDto | null;

  /** Maximum text length of an uploaded model in tokens; null if trained: see its hyperparameters. */
  @ApiProperty({ type: 'integer', nullable: true, example: 1024 })
  maxTokens: number | null;

  /** Stored model, the first member of an ensemble; null until trained. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  modelId: string | null;

  /** Latest evaluation; null if uploaded or not yet trained, as are the next two fields. */
  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/RewardEvaluationDto' }, { type: 'null' }] })
  evaluation: RewardEvaluationDto | null;

  /** Automatic audit of the training; null until it ends. */
  @ApiProperty({ type: () => VerdictDto, nullable: true })
  verdict: VerdictDto | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  trainedAt: Date | null;

  createdAt: Date;
}

export class RewardModelPage extends PageOf(RewardModelDto) {}

export class RewardModelsQuery extends PageQuery {
  /** Only the reward model with this name. */
  @IsOptional()
  @IsString()
  @IsStorable()
  name?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  pairSetId?: string;
}
