import { ApiExtraModels, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsOptional, IsUUID, ValidateIf, ValidateNested } from 'class-validator';
import {
  rewardSourceDiscriminator,
  rewardSourceModels,
  rewardSourcesSchema,
  UnknownRewardSource,
  type RewardSourceDto,
} from '../rewards/reward-sources.dto.js';
import { evaluatedSplits, type EvaluatedSplit } from '#src/reward/evaluation/reward-evaluation.js';
import { stopReasons, type Stopped, type StopReason } from '#src/rl/step-loop.js';

/** Inputs of the methods that sample: rewards by `rewardModelId` or by `rewards`. */
@ApiExtraModels(...rewardSourceModels)
export class RolloutRunInputsDto {
  /** Policy version to start from; also the reference of the KL. */
  @IsUUID()
  policyVersionId: string;

  /** A trained reward model as the only reward source. Short for `rewards` with one reward model. */
  @ApiPropertyOptional({ format: 'uuid' })
  @ValidateIf((run: RolloutRunInputsDto) => run.rewards === undefined || run.rewardModelId !== undefined)
  @IsUUID()
  rewardModelId?: string;

  /** Reward sources; the reward is the weighted sum of their scores. */
  @ApiPropertyOptional(rewardSourcesSchema)
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(16)
  @ValidateNested({ each: true })
  @Type(() => UnknownRewardSource, { keepDiscriminatorProperty: true, discriminator: rewardSourceDiscriminator })
  rewards?: RewardSourceDto[];

  /** Prompt set to train on; keep held-out prompts separate. */
  @IsUUID()
  promptSetId: string;

  /**
   * Held-out prompts for the rewards before and after, `eval_reward` and the choice of the best weights. Default: the first prompts of
   * `promptSetId`, whose figures include memorisation.
   */
  @IsOptional()
  @IsUUID()
  evaluationPromptSetId?: string;
}

/** Why a run ended before its last step; its weights are the last good ones. */
export class StoppedRunDto implements Stopped {
  @ApiProperty({ enum: stopReasons, enumName: 'StopReason' })
  reason: StopReason;

  /** The step (from 1) that was not taken or was reverted. */
  @ApiProperty({ type: 'integer', example: 27 })
  step: number;

  /** @example KL to the start 0.62 nats per token at this step, the budget is 0.5; the weights before it are kept */
  detail: string;
}

/** Summary of the methods that sample. Rewards are means over the same prompts with the same seeds. */
@ApiExtraModels(StoppedRunDto)
export class RolloutSummaryDto {
  @ApiProperty({ example: -0.31 })
  rewardBefore: number;

  @ApiProperty({ example: 1.12 })
  rewardAfter: number;

  /**
   * KL to the starting policy at the last step taken, in nats per token: Schulman's k3, averaged over the tokens of that step's
   * completions, for the weights that sampled them. Equals the metric `kl_k3` (for `grpo` without a `klBudget`: `kl`, over the completions
   * that it learned from) and the figure that findings and `klBudget` use. Null: not measured (`beta: 0` without a `klBudget`, or no step
   * with anything to learn).
   */
  @ApiProperty({ type: Number, nullable: true, example: 0.08 })
  kl: number | null;

  /** Entropy of the policy at the end, in nats per token. */
  @ApiProperty({ type: Number, nullable: true, example: 0.42 })
  entropy: number | null;

  @ApiProperty({ type: 'integer', example: 40 })
  steps: number;

  @ApiProperty({ type: 'integer', example: 64 })
  evaluationPrompts: number;

  /** Prompts used for evaluation. `train`: no evaluation prompt set was given, so the figures include memorisation. */
  @ApiProperty({ enum: evaluatedSplits, enumName: 'EvaluatedSplit' })
  split: EvaluatedSplit;

  /** Why the run ended early; null: all steps were taken. */
  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/StoppedRunDto' }, { type: 'null' }] })
  stopped: StoppedRunDto | null;
}

@ApiExtraModels(StoppedRunDto)
export class DatasetSummaryDto {
  @ApiProperty({ type: 'integer', example: 120 })
  steps: number;

  /** Why the run ended early; null: all steps were taken. */
  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/StoppedRunDto' }, { type: 'null' }] })
  stopped: StoppedRunDto | null;

  /** Split used for evaluation. `train`: no prompts were held out, so the figures prove little. */
  @ApiProperty({ enum: evaluatedSplits, enumName: 'EvaluatedSplit' })
  split: EvaluatedSplit;

  @ApiProperty({ example: 1.9 })
  lossBefore: number;

  @ApiProperty({ example: 1.2 })
  lossAfter: number;

  /** Number of training completions truncated at the end. */
  @ApiProperty({ type: 'integer', example: 0 })
  truncated: number;

  /** Number of training completions left out because their prompt leaves no room. */
  @ApiProperty({ type: 'integer', example: 0 })
  dropped: number;
}

