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

export class ReliabilityBinDto implements ReliabilityBin {
  /** Claimed probabilities from here. @example 0.75 */
  from: number;

  /** @example 0.8 */
  to: number;

  @ApiProperty({ type: 'integer', example: 41 })
  pairs: number;

  /** Mean claim, `sigmoid` of the difference of the rewards; null without pairs. */
  @ApiProperty({ type: Number, nullable: true, example: 0.774 })
  claimed: number | null;

  /** How often it was so. */
  @ApiProperty({ type: Number, nullable: true, example: 0.732 })
  observed: number | null;
}

/** Whether `sigmoid` of a difference of rewards can be read as a probability, and what to divide it by so that it can. */
export class CalibrationDto implements Calibration {
  /** Divide differences of rewards by this. Fitted on all evaluated pairs. @example 1.34 */
  temperature: number;

  /** Expected calibration error of the rewards as they are. @example 0.06 */
  errorBefore: number;

  /** With a temperature, each half of the prompts judged by that of the other half; null where a half has no pairs. */
  @ApiProperty({ type: Number, nullable: true, example: 0.02 })
  errorAfter: number | null;

  /** Of the rewards as they are. */
  @ApiProperty({ type: [ReliabilityBinDto] })
  bins: ReliabilityBinDto[];
}

/** The best of the rules that never read the text. */
export class NullContestDto implements NullContest {
  @ApiProperty({ enum: contentBlindRules, enumName: 'ContentBlindRule' })
  rule: ContentBlindRule;

  /** Accuracy of the reward model minus that of the rule, on the same pairs. */
  @ApiProperty({ type: ProportionDto })
  gain: ProportionDto;
}

/** The evaluation in a part of the pairs. */
export class EvaluationSliceDto implements EvaluationSlice {
  @ApiProperty({ enum: sliceKinds, enumName: 'EvaluationSliceKind' })
  by: SliceKind;

  /**
   * A tag of the prompt; `short medium long`, thirds of the pairs by length; or whether the preferred completion is the
   * `longer` one, the `shorter` one, or `similar` (within 10%).
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

/** One of an ensemble by itself. */
export class MemberEvaluationDto implements MemberEvaluation {
  @ApiProperty({ type: 'integer', example: 0 })
  member: number;

  /** @example 0.82 */
  accuracy: number;

  /** Its mean reward; an ensemble takes it off before it averages. @example 0.1 */
  rewardMean: number;
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

  @ApiProperty({ type: CalibrationDto })
  calibration: CalibrationDto;

  @ApiProperty({ type: RewardNullsDto })
  nulls: RewardNullsDto;

  @ApiProperty({ type: NullContestDto })
  bestNull: NullContestDto;

  /** How often two labelers agree about a pair; null where nothing was rated twice. */
  @ApiProperty({ type: Number, nullable: true, example: 0.88 })
  preferenceCeiling: number | null;

  /** Accuracy on as many prompts that it was trained on; null where those are the evaluated ones. */
  @ApiProperty({ type: Number, nullable: true, example: 0.86 })
  trainAccuracy: number | null;

  /** Correlation of reward and length, within prompts; null where it was not measured. */
  @ApiProperty({ type: Number, nullable: true, example: 0.31 })
  lengthCorrelation: number | null;

  /** By tag, by length, and by which completion is the longer one; at most 30 tags. */
  @ApiProperty({ type: [EvaluationSliceDto] })
  slices: EvaluationSliceDto[];

  @ApiProperty({ type: [MemberEvaluationDto] })
  members: MemberEvaluationDto[];

  /** Mean over completions of the deviation of the members' rewards; null for a single one. */
  @ApiProperty({ type: Number, nullable: true, example: 0.21 })
  disagreement: number | null;

  /** Mean reward of the evaluated completions. @example 0.1 */
  rewardMean: number;

  /** Its standard deviation; normalized scores are measured with these two. @example 1.9 */
  rewardDeviation: number;

  @ApiProperty({ type: 'integer', example: 3108 })
  trainPairs: number;

  /** Texts longer than `maxTokens`, in training. */
  @ApiProperty({ type: 'integer', example: 0 })
  truncatedTexts: number;

  /** Of all members together. */
  @ApiProperty({ type: 'integer', example: 120 })
  steps: number;
}

export class RewardEvaluationPage extends PageOf(RewardEvaluationDto) {}
