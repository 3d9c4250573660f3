import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import type { Type } from '@nestjs/common';
import { Type as TypeOf } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { finishReasons, type FinishReason } from '#src/completions/completion.entity.js';
import { VerdictDto } from '#src/common/findings.dto.js';
import { RatedDataDto } from '../methods/kto.dto.js';
import { methods, trainingMethods, type RatedData, type SummaryOf, type TrainingMethod } from '../methods/training-methods.js';
import { rewardSourceModels, rewardSourcesSchema } from '../rewards/reward-sources.dto.js';
import type { RewardSource } from '../rewards/reward-sources.js';

type AnyHyperparameters = InstanceType<(typeof methods)[TrainingMethod]['dtos']['hyperparameters']>;

const dtos = Object.values(methods).map((method) => method.dtos);
const hyperparameterTypes = dtos.map(({ hyperparameters }) => hyperparameters);
const summaryTypes = [...new Set<Type>(dtos.map(({ summary }) => summary))];

@ApiExtraModels(RatedDataDto, ...hyperparameterTypes, ...summaryTypes, ...rewardSourceModels)
export class TrainingRunDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** Watch it at `/v1/jobs/{jobId}`. */
  @ApiProperty({ format: 'uuid' })
  jobId: string;

  @ApiProperty({ enum: trainingMethods, enumName: 'TrainingMethod' })
  method: TrainingMethod;

  @ApiProperty({ format: 'uuid' })
  policyVersionId: string;

  /** Where it is the only source of reward. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  rewardModelId: string | null;

  /** Of the methods that sample; all of their options, defaults filled in. */
  @ApiProperty({ ...rewardSourcesSchema, nullable: true })
  rewards: RewardSource[] | null;

  /** Of the methods that sample, as are the rewards. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  promptSetId: string | null;

  /** Of the methods that sample: what they are evaluated on; the first practice prompts when null. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  evaluationPromptSetId: string | null;

  /** Of `sft` and `dpo`. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  pairSetId: string | null;

  /** Of `kto`; defaults filled in. */
  @ApiProperty({ oneOf: [{ $ref: getSchemaPath(RatedDataDto) }, { type: 'null' }] })
  ratings: RatedData | null;

  /** All of the method's, defaults filled in. */
  @ApiProperty({ anyOf: hyperparameterTypes.map((type) => ({ $ref: getSchemaPath(type) })) })
  hyperparameters: AnyHyperparameters;

  /** The version that came out; null until the run has succeeded. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  resultPolicyVersionId: string | null;

  /** What the method measured; null until the run has succeeded. */
  @ApiProperty({ anyOf: summaryTypes.map((type) => ({ $ref: getSchemaPath(type) })) })
  summary: SummaryOf[TrainingMethod] | null;

  @ApiProperty({ type: () => VerdictDto, nullable: true })
  verdict: VerdictDto | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: Date | null;

  createdAt: Date;
}

export class TrainingRunPage extends PageOf(TrainingRunDto) {}

export class TrainingSamplesQuery extends PageQuery {
  /** Only this step. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1 })
  @IsOptional()
  @TypeOf(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  step?: number;
}

export class TrainingSampleDto {
  @ApiProperty({ type: 'integer', example: 1 })
  step: number;

  @ApiProperty({ type: 'integer', example: 0 })
  sampleIndex: number;

  @ApiProperty({ format: 'uuid' })
  promptId: string;

  /** The completion. @example Lena gets up at ten. */
  text: string;

  /** What the policy was rewarded with: the weighted sum of the scores less the penalties. @example 1.7 */
  reward: number;

  /** What each source of reward said, by its name. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'number' }, example: { helpfulness: 1.9 } })
  scores: Record<string, number>;

  /** Relative to the other completions of the prompt. @example 0.9 */
  advantage: number;

  @ApiProperty({ type: 'integer', example: 9 })
  completionTokens: number;

  @ApiProperty({ enum: finishReasons, enumName: 'FinishReason' })
  finishReason: FinishReason;
}

export class TrainingSamplePage extends PageOf(TrainingSampleDto) {}
