import type { Type } from '@nestjs/common';
import { ApiExtraModels, ApiHideProperty, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type as Nested } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { ApiOneOf } from '#src/common/document.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { finishReasons, type FinishReason } from '#src/completions/completion.entity.js';
import { DpoHyperparametersDto } from './dpo/dpo-hyperparameters.dto.js';
import { VerdictDto } from '#src/common/findings.dto.js';
import { GrpoHyperparametersDto } from './grpo/grpo-hyperparameters.dto.js';
import { RlooHyperparametersDto } from './rloo/rloo-hyperparameters.dto.js';
import { SftHyperparametersDto } from './sft/sft-hyperparameters.dto.js';
import type { HyperparametersOf, SummaryOf, TrainingMethod } from './training-methods.js';
import { PpoHyperparametersDto } from './ppo/ppo-hyperparameters.dto.js';
import { CreateGrpoRunDto, CreatePpoRunDto, CreateRlooRunDto } from './rollouts/rollout-runs.dto.js';
import { rewardSourceModels, rewardSourcesSchema } from './rewards/reward-sources.dto.js';
import type { RewardSource } from './rewards/reward-sources.js';
import { DpoSummaryDto, RolloutSummaryDto, SftSummaryDto } from './training-summaries.dto.js';

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
  @ValidateNested()
  @Nested(() => SftHyperparametersDto)
  hyperparameters?: SftHyperparametersDto;
}

/** Fine-tunes a policy version by direct preference optimization, without a reward model. */
export class CreateDpoRunDto {
  @ApiProperty({ enum: ['dpo'], example: 'dpo' })
  @IsIn(['dpo'])
  method: 'dpo';

  /** Where the policy starts; also the reference of the rewards. */
  @IsUUID()
  policyVersionId: string;

  /** Must be built. The pairs of its train split are learned; its eval split measures. */
  @IsUUID()
  pairSetId: string;

  @IsOptional()
  @ValidateNested()
  @Nested(() => DpoHyperparametersDto)
  hyperparameters?: DpoHyperparametersDto;
}

/** The body of a request by its method. */
export const createRunTypes = { sft: CreateSftRunDto, dpo: CreateDpoRunDto, grpo: CreateGrpoRunDto, rloo: CreateRlooRunDto, ppo: CreatePpoRunDto };
export type CreateTrainingRun = CreateSftRunDto | CreateDpoRunDto | CreateGrpoRunDto | CreateRlooRunDto | CreatePpoRunDto;

@ApiExtraModels(...rewardSourceModels)
class TrainingRunFields {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** Watch it at `/v1/jobs/{jobId}`. */
  @ApiProperty({ format: 'uuid' })
  jobId: string;

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

  /** The version that came out; null until the run has succeeded. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  resultPolicyVersionId: string | null;

  @ApiProperty({ type: () => VerdictDto, nullable: true })
  verdict: VerdictDto | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: Date | null;

  createdAt: Date;
}

/** The DTO class of the runs of one method. */
function RunDtoOf<H, S>(method: TrainingMethod, hyperparametersType: Type<H>, summaryType: Type<S>) {
  class RunDto extends TrainingRunFields {
    @ApiProperty({ enum: [method] })
    method: TrainingMethod;

    @ApiProperty({ type: hyperparametersType, description: "All of the method's, defaults filled in." })
    hyperparameters: H;

    @ApiProperty({ type: summaryType, nullable: true, description: 'What the method measured; null until the run has succeeded.' })
    summary: S | null;
  }
  Object.defineProperty(RunDto, 'name', { value: `${method[0].toUpperCase()}${method.slice(1)}TrainingRunDto` });
  return RunDto;
}

@ApiOneOf('method', {
  sft: RunDtoOf('sft', SftHyperparametersDto, SftSummaryDto),
  dpo: RunDtoOf('dpo', DpoHyperparametersDto, DpoSummaryDto),
  grpo: RunDtoOf('grpo', GrpoHyperparametersDto, RolloutSummaryDto),
  rloo: RunDtoOf('rloo', RlooHyperparametersDto, RolloutSummaryDto),
  ppo: RunDtoOf('ppo', PpoHyperparametersDto, RolloutSummaryDto),
})
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
  @Nested(() => Number)
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
