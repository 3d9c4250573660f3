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

/** What the methods that learn from their own completions are given: rewards by `rewardModelId` or by `rewards`. */
@ApiExtraModels(...rewardSourceModels)
export class RolloutRunInputsDto {
  /** Where the policy starts; also the reference of the KL. */
  @IsUUID()
  policyVersionId: string;

  /** The only source of reward; must be trained. Short for `rewards` with one reward model. */
  @ApiPropertyOptional({ format: 'uuid' })
  @ValidateIf((run: RolloutRunInputsDto) => run.rewards === undefined || run.rewardModelId !== undefined)
  @IsUUID()
  rewardModelId?: string;

  /** Sources of reward, whose scores are added up by their weights. */
  @ApiPropertyOptional(rewardSourcesSchema)
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(16)
  @ValidateNested({ each: true })
  @Type(() => UnknownRewardSource, { keepDiscriminatorProperty: true, discriminator: rewardSourceDiscriminator })
  rewards?: RewardSourceDto[];

  /** Prompts to practise on; keep the held-out ones apart. */
  @IsUUID()
  promptSetId: string;

  /**
   * Prompts that are never practised on, for the rewards before and after, `eval_reward` and the best weights. Without
   * them the first prompts of `promptSetId` are taken, which shows what was memorised too.
   */
  @IsOptional()
  @IsUUID()
  evaluationPromptSetId?: string;
}

/** Why a run ended before its last step; its weights are the last good ones. */
export class StoppedRunDto implements Stopped {
  @ApiProperty({ enum: stopReasons, enumName: 'StopReason' })
  reason: StopReason;

  /** The step (from 1) that was not taken, or was taken back. */
  @ApiProperty({ type: 'integer', example: 27 })
  step: number;

  /** @example KL to the start 0.62 nats per token at this step, the budget is 0.5; the weights before it are kept */
  detail: string;
}

/** Of the methods that sample. Rewards are means of the reward model on the same prompts with the same seeds. */
@ApiExtraModels(StoppedRunDto)
export class RolloutSummaryDto {
  @ApiProperty({ example: -0.31 })
  rewardBefore: number;

  @ApiProperty({ example: 1.12 })
  rewardAfter: number;

  /**
   * KL to the starting policy at the last step taken, in nats per token: Schulman's k3, mean over the tokens of that step's
   * completions, of the weights that wrote them. The same figure as the metric `kl_k3` (`kl` of `grpo` without a `klBudget`, over
   * the completions that it learned from), as in findings and as a budget is held against. Null when it was not measured:
   * `beta: 0` without a `klBudget`, or no step with anything to learn.
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

  /** What was measured on: `train` without an evaluation prompt set, and then it shows what was memorised too. */
  @ApiProperty({ enum: evaluatedSplits, enumName: 'EvaluatedSplit' })
  split: EvaluatedSplit;

  /** Null when all steps were taken. */
  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/StoppedRunDto' }, { type: 'null' }] })
  stopped: StoppedRunDto | null;
}

@ApiExtraModels(StoppedRunDto)
export class DatasetSummaryDto {
  @ApiProperty({ type: 'integer', example: 120 })
  steps: number;

  /** Null when all steps were taken. */
  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/StoppedRunDto' }, { type: 'null' }] })
  stopped: StoppedRunDto | null;

  /** What was measured on: `train` when the pair set keeps no prompts from training, and then it proves little. */
  @ApiProperty({ enum: evaluatedSplits, enumName: 'EvaluatedSplit' })
  split: EvaluatedSplit;

  @ApiProperty({ example: 1.9 })
  lossBefore: number;

  @ApiProperty({ example: 1.2 })
  lossAfter: number;

  /** Training completions that lost their end for length. */
  @ApiProperty({ type: 'integer', example: 0 })
  truncated: number;

  /** Training completions that were left out, since their prompt leaves no room. */
  @ApiProperty({ type: 'integer', example: 0 })
  dropped: number;
}

