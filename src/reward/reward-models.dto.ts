import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsOptional, IsString, IsUUID, Length, ValidateNested } from 'class-validator';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { RewardHyperparametersDto, TrainingSettingsDto } from './hyperparameters.dto.js';
import { evaluatedSplits, type RewardEvaluation, type RewardNulls } from './reward-evaluation.js';

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

/** Accuracy of rules that never read the text, on the same pairs; null where there is nothing to tell by. */
export class RewardNullsDto implements RewardNulls {
  /** The longer completion wins. */
  @ApiProperty({ type: Number, nullable: true, example: 0.61 })
  longest: number | null;

  /** The shorter completion wins. */
  @ApiProperty({ type: Number, nullable: true, example: 0.39 })
  shortest: number | null;

  /** The completion shown first wins. */
  @ApiProperty({ type: Number, nullable: true, example: 0.5 })
  first: number | null;

  /** What most labelers say of the two is what holds. */
  @ApiProperty({ type: Number, nullable: true, example: 0.81 })
  majority: number | null;
}

export class ProportionDto {
  @ApiProperty({ example: 0.83 })
  value: number;

  /** Lower end of the 95% interval; prompts are resampled, not pairs. */
  @ApiProperty({ example: 0.79 })
  low: number;

  @ApiProperty({ example: 0.87 })
  high: number;
}

export class RewardEvaluationDto implements RewardEvaluation {
  /** `eval`: prompts that training never saw; `train`: the pair set has no others, and nothing is proved. */
  @ApiProperty({ enum: evaluatedSplits, enumName: 'EvaluatedSplit' })
  split: RewardEvaluation['split'];

  @ApiProperty({ type: 'integer', example: 412 })
  evalPairs: number;

  @ApiProperty({ type: 'integer', example: 48 })
  evalPrompts: number;

  /** Share of pairs whose preferred completion has the higher reward. */
  @ApiProperty({ type: ProportionDto })
  accuracy: ProportionDto;

  /** Mean of chosen minus rejected reward. @example 1.4 */
  margin: number;

  /** Mean of -log sigmoid(margin). @example 0.42 */
  loss: number;

  /** Expected calibration error of sigmoid(margin). @example 0.06 */
  calibrationError: number;

  @ApiProperty({ type: RewardNullsDto })
  nulls: RewardNullsDto;

  /** How often two labelers agree about a pair; null where nothing was rated twice. */
  @ApiProperty({ type: Number, nullable: true, example: 0.88 })
  preferenceCeiling: number | null;

  /** Mean reward of the evaluated completions. @example 0.1 */
  rewardMean: number;

  /** Its standard deviation; normalized scores are measured with these two. @example 1.9 */
  rewardDeviation: number;

  @ApiProperty({ type: 'integer', example: 3108 })
  trainPairs: number;

  /** Texts longer than `maxTokens`, in training. */
  @ApiProperty({ type: 'integer', example: 0 })
  truncatedTexts: number;

  @ApiProperty({ type: 'integer', example: 120 })
  steps: number;
}

export class RewardEvaluationPage extends PageOf(RewardEvaluationDto) {}

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

  /** The trained model; null until then. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  modelId: string | null;

  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/RewardEvaluationDto' }, { type: 'null' }] })
  evaluation: RewardEvaluationDto | null;

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
