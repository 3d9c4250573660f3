import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '#src/common/pagination.js';
import type { Calibration, ReliabilityBin } from './calibration.js';
import { sliceKinds, type EvaluationSlice, type RewardNulls, type SliceKind } from './evaluation-slices.js';
import {
  contentBlindRules,
  evaluatedSplits,
  type ContentBlindRule,
  type MemberEvaluation,
  type NullContest,
  type RewardEvaluation,
} from './reward-evaluation.js';

/** Accuracy of content-blind rules on the same pairs; null: no basis for the rule. */
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

  /** Predicts the majority vote of the labelers. */
  @ApiProperty({ type: Number, nullable: true, example: 0.81 })
  majority: number | null;
}

export class ProportionDto {
  @ApiProperty({ example: 0.83 })
  value: number;

  /** Lower end of the 95% bootstrap interval, resampling prompts rather than pairs. */
  @ApiProperty({ example: 0.79 })
  low: number;

  @ApiProperty({ example: 0.87 })
  high: number;
}

export class ReliabilityBinDto implements ReliabilityBin {
  /** Lower bound of the predicted probabilities in the bin. @example 0.75 */
  from: number;

  /** @example 0.8 */
  to: number;

  @ApiProperty({ type: 'integer', example: 41 })
  pairs: number;

  /** Mean predicted probability, `sigmoid` of the reward difference; null without pairs. */
  @ApiProperty({ type: Number, nullable: true, example: 0.774 })
  claimed: number | null;

  /** Share of pairs for which the prediction was right; null without pairs. */
  @ApiProperty({ type: Number, nullable: true, example: 0.732 })
  observed: number | null;
}

/** Whether `sigmoid` of a difference of rewards can be read as a probability, and what to divide it by so that it can. */
export class CalibrationDto implements Calibration {
  /** Temperature by which to divide reward differences; fitted on all evaluated pairs. @example 1.34 */
  temperature: number;

  /** Expected calibration error of the unscaled rewards. @example 0.06 */
  errorBefore: number;

  /** Error after temperature scaling, cross-fitted over two halves of the prompts; null if a half has no pairs. */
  @ApiProperty({ type: Number, nullable: true, example: 0.02 })
  errorAfter: number | null;

  /** Reliability bins of the unscaled rewards. */
  @ApiProperty({ type: [ReliabilityBinDto] })
  bins: ReliabilityBinDto[];
}

/** The best of the rules that never read the text. */
export class NullContestDto implements NullContest {
  @ApiProperty({ enum: contentBlindRules, enumName: 'ContentBlindRule' })
  rule: ContentBlindRule;

  /** Accuracy of the reward model minus that of the rule on the same pairs. */
  @ApiProperty({ type: ProportionDto })
  gain: ProportionDto;
}

/** The evaluation in a part of the pairs. */
export class EvaluationSliceDto implements EvaluationSlice {
  @ApiProperty({ enum: sliceKinds, enumName: 'EvaluationSliceKind' })
  by: SliceKind;

  /**
   * A prompt tag; a length third (`short`, `medium`, `long`); or whether the preferred completion is `longer`, `shorter` or `similar`
   * (within 10%).
   *
   * @example shorter
   */
  value: string;

  @ApiProperty({ type: 'integer', example: 120 })
  pairs: number;

  @ApiProperty({ type: 'integer', example: 31 })
  prompts: number;

  @ApiProperty({ type: ProportionDto })
  accuracy: ProportionDto;

  @ApiProperty({ type: RewardNullsDto })
  nulls: RewardNullsDto;

  @ApiProperty({ type: Number, nullable: true, example: 0.85 })
  preferenceCeiling: number | null;
}

/** One member of an ensemble. */
export class MemberEvaluationDto implements MemberEvaluation {
  @ApiProperty({ type: 'integer', example: 0 })
  member: number;

  /** @example 0.82 */
  accuracy: number;

  /** Mean reward of the member, which the ensemble subtracts before averaging. @example 0.1 */
  rewardMean: number;
}

export class RewardEvaluationDto implements RewardEvaluation {
  /** Evaluated prompts. `eval`: held out from training; `train`: the pair set holds none out, so the result proves nothing. */
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

  @ApiProperty({ type: CalibrationDto })
  calibration: CalibrationDto;

  @ApiProperty({ type: RewardNullsDto })
  nulls: RewardNullsDto;

  @ApiProperty({ type: NullContestDto })
  bestNull: NullContestDto;

  /** How often two labelers agree on a pair; null: nothing was rated twice. */
  @ApiProperty({ type: Number, nullable: true, example: 0.88 })
  preferenceCeiling: number | null;

  /** Accuracy on an equal number of training prompts; null if those are the evaluated ones. */
  @ApiProperty({ type: Number, nullable: true, example: 0.86 })
  trainAccuracy: number | null;

  /** Correlation of reward and length within prompts; null: not measured. */
  @ApiProperty({ type: Number, nullable: true, example: 0.31 })
  lengthCorrelation: number | null;

  /** Accuracy by tag (at most 30), by length, and by which completion is longer. */
  @ApiProperty({ type: [EvaluationSliceDto] })
  slices: EvaluationSliceDto[];

  @ApiProperty({ type: [MemberEvaluationDto] })
  members: MemberEvaluationDto[];

  /** Standard deviation of the members' rewards, averaged over completions; null for a single member. */
  @ApiProperty({ type: Number, nullable: true, example: 0.21 })
  disagreement: number | null;

  /** Mean reward of the evaluated completions. @example 0.1 */
  rewardMean: number;

  /** Standard deviation of these rewards. Normalized scores use mean and deviation. @example 1.9 */
  rewardDeviation: number;

  @ApiProperty({ type: 'integer', example: 3108 })
  trainPairs: number;

  /** Number of training texts longer than `maxTokens`. */
  @ApiProperty({ type: 'integer', example: 0 })
  truncatedTexts: number;

  /** Optimizer steps of all members together. */
  @ApiProperty({ type: 'integer', example: 120 })
  steps: number;
}

export class RewardEvaluationPage extends PageOf(RewardEvaluationDto) {}
