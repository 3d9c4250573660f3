import { ApiExtraModels, ApiProperty } from '@nestjs/swagger';
import { evaluatedSplits, type EvaluatedSplit } from '#src/reward/evaluation/reward-evaluation.js';
import { stopReasons, type Stopped, type StopReason } from '#src/rl/step-loop.js';
import type { DpoSummary, RolloutSummary, SftSummary } from './training-methods.js';

/** Why a run ended before its last step; its weights are the last good ones. */
export class StoppedRunDto implements Stopped {
  @ApiProperty({ enum: stopReasons, enumName: 'StopReason' })
  reason: StopReason;

  /** The step (from 1) that was not taken, or was taken back. */
  @ApiProperty({ type: 'integer', example: 27 })
  step: number;

  /** @example KL to the reference 0.62 nats per token, the budget is 0.5 */
  detail: string;
}

/** Of the methods that sample. Rewards are means of the reward model on the same prompts with the same seeds. */
@ApiExtraModels(StoppedRunDto)
export class RolloutSummaryDto implements RolloutSummary {
  @ApiProperty({ example: -0.31 })
  rewardBefore: number;

  @ApiProperty({ example: 1.12 })
  rewardAfter: number;

  /**
   * Estimated KL to the starting policy at the end, in nats per token; null when it was not measured: `beta: 0` without a
   * `klBudget`, or no step with anything to learn.
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
class DatasetSummaryDto {
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

/** Of `sft`: cross-entropy in nats per token. */
export class SftSummaryDto extends DatasetSummaryDto implements SftSummary {
  /** Completions learned. */
  @ApiProperty({ type: 'integer', example: 400 })
  examples: number;

  @ApiProperty({ type: 'integer', example: 40 })
  evaluationExamples: number;

  /** Share of tokens that the policy gives the highest probability. @example 0.52 */
  tokenAccuracyBefore: number;

  @ApiProperty({ example: 0.67 })
  tokenAccuracyAfter: number;
}

/** Of `dpo`: rewards are beta times what a completion gained in log-probability over the starting policy. */
export class DpoSummaryDto extends DatasetSummaryDto implements DpoSummary {
  /** Pairs learned. */
  @ApiProperty({ type: 'integer', example: 900 })
  pairs: number;

  @ApiProperty({ type: 'integer', example: 90 })
  evaluationPairs: number;

  /** Share of pairs whose chosen completion has the higher reward. @example 0.71 */
  accuracy: number;

  /** Mean of chosen minus rejected reward. @example 0.6 */
  margin: number;

  @ApiProperty({ example: 0.2 })
  chosenReward: number;

  @ApiProperty({ example: -0.4 })
  rejectedReward: number;
}
