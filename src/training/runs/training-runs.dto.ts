import type { Type } from '@nestjs/common';
import { ApiExtraModels, ApiHideProperty, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Type as TypeOf } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { ApiOneOf } from '#src/common/document.js';
import { VerdictDto } from '#src/common/findings.dto.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { finishReasons, type FinishReason } from '#src/completions/completion.entity.js';
import { RatedDataDto } from '../methods/kto.dto.js';
import { methods, type HyperparametersOf, type RatedData, type SummaryOf, type TrainingMethod } from '../methods/training-methods.js';
import { rewardSourceModels, rewardSourcesSchema } from '../rewards/reward-sources.dto.js';
import type { RewardSource } from '../rewards/reward-sources.js';

@ApiExtraModels(RatedDataDto, ...rewardSourceModels)
class TrainingRunFields {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** Job of the run, at `/v1/jobs/{jobId}`. */
  @ApiProperty({ format: 'uuid' })
  jobId: string;

  @ApiProperty({ format: 'uuid' })
  policyVersionId: string;

  /** Reward model, if it is the only reward source; else null. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  rewardModelId: string | null;

  /** Reward sources with defaults filled in; only for methods that sample. */
  @ApiProperty({ ...rewardSourcesSchema, nullable: true })
  rewards: RewardSource[] | null;

  /** Training prompt set; only for methods that sample. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  promptSetId: string | null;

  /** Evaluation prompt set; only for methods that sample. null: the first training prompts. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  evaluationPromptSetId: string | null;

  /** Pair set; only for `sft` and `dpo`. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  pairSetId: string | null;

  /** Rated data with defaults filled in; only for `kto`. */
  @ApiProperty({ oneOf: [{ $ref: getSchemaPath(RatedDataDto) }, { type: 'null' }] })
  ratings: RatedData | null;

  /** The resulting policy version; null until the run succeeds. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  resultPolicyVersionId: string | null;

  @ApiProperty({ type: () => VerdictDto, nullable: true })
  verdict: VerdictDto | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: Date | null;

  createdAt: Date;
}

/** The DTO class of the runs of one method. */
function runDtoOf(method: string, { hyperparameters, summary }: { hyperparameters: Type; summary: Type }): Type {
  class RunDto extends TrainingRunFields {
    @ApiProperty({ enum: [method] })
    method: string;

    @ApiProperty({ type: hyperparameters, description: "Hyperparameters of the method, with defaults filled in." })
    hyperparameters: object;

    @ApiProperty({ type: summary, nullable: true, description: 'Figures of the method; null until the run succeeds.' })
    summary: object | null;
  }
  Object.defineProperty(RunDto, 'name', { value: `${method[0].toUpperCase()}${method.slice(1)}TrainingRunDto` });
  return RunDto;
}

@ApiOneOf('method', Object.fromEntries(Object.entries(methods).map(([method, { dtos }]) => [method, runDtoOf(method, dtos)])))
export class TrainingRunDto extends TrainingRunFields {
  @ApiHideProperty()
  method: TrainingMethod;

  @ApiHideProperty()
  hyperparameters: HyperparametersOf[TrainingMethod];

  @ApiHideProperty()
  summary: SummaryOf[TrainingMethod] | null;
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

  /** Reward: the weighted sum of the scores minus the penalties. @example 1.7 */
  reward: number;

  /** Score of each reward source, by name. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'number' }, example: { helpfulness: 1.9 } })
  scores: Record<string, number>;

  /** Advantage relative to the other completions of the prompt. @example 0.9 */
  advantage: number;

  @ApiProperty({ type: 'integer', example: 9 })
  completionTokens: number;

  @ApiProperty({ enum: finishReasons, enumName: 'FinishReason' })
  finishReason: FinishReason;
}

export class TrainingSamplePage extends PageOf(TrainingSampleDto) {}
