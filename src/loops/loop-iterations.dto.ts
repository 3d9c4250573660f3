import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { PageOf } from '#src/common/pagination.js';
import { verdictStatuses, type VerdictStatus } from '#src/common/findings.js';
import type { RatingProgress, RatingsNeed } from './gate.js';
import { loopSelections, type LoopSelection } from './loop-config.js';
import type { ComparisonFigures, LoopFigures, LoopLack } from './loop-figures.js';
import { loopDecisions, type LoopDecision } from './loop-iteration.entity.js';
import { loopOutcomes, loopStates, type LoopOutcome, type LoopState } from './loop-state.js';
import type { SelectionFigures } from './selection.js';

export class LoopSelectionFiguresDto implements SelectionFigures {
  /** Selection that was used; the first iteration has no reward model for `disagreement`. */
  @ApiProperty({ enum: loopSelections, enumName: 'LoopSelection' })
  by: LoopSelection;

  @ApiProperty({ type: 'integer', example: 1200 })
  candidates: number;

  @ApiProperty({ type: 'integer', example: 400 })
  chosen: number;

  /** Mean disagreement in reward units; null for `random`. */
  @ApiProperty({ type: Number, nullable: true })
  meanDisagreement: number | null;

  @ApiProperty({ type: Number, nullable: true })
  chosenDisagreement: number | null;
}

export class LoopRatingFiguresDto {
  @ApiProperty({ type: 'integer', example: 1600 })
  completions: number;

  @ApiProperty({ type: 'integer', example: 4800 })
  ratings: number;

  /** How often two labelers who each preferred one of two answers preferred the same one. */
  @ApiProperty({ type: Number, nullable: true, example: 0.82 })
  agreement: number | null;
}

export class LoopLackDto implements LoopLack {
  /** Code of the failed job or refused request. @example pair_set_one_prompt */
  code: string;

  /** @example the eval split has pairs of only one prompt: it needs at least two */
  detail: string;
}

export class LoopPairFiguresDto {
  @ApiProperty({ type: 'integer', example: 1800 })
  pairs: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 390 })
  prompts: number | null;

  /** Why there were too few pairs to train on; null: enough. */
  @ApiProperty({ type: LoopLackDto, nullable: true })
  lacks: LoopLackDto | null;
}

export class LoopRewardFiguresDto {
  /** Verdict on the reward model; see its findings at `GET /v1/reward-models/{id}`. */
  @ApiProperty({ enum: verdictStatuses, enumName: 'VerdictStatus', nullable: true })
  verdict: VerdictStatus | null;

  /** Accuracy on pairs of held-out prompts. @example 0.86 */
  accuracy: number;

  @ApiProperty({ type: 'integer', example: 400 })
  evalPairs: number;

  /** Baseline: how often the longer answer is the preferred one. */
  @ApiProperty({ type: Number, nullable: true, example: 0.55 })
  longestWins: number | null;
}

export class LoopTrainingFiguresDto {
  @ApiProperty({ enum: verdictStatuses, enumName: 'VerdictStatus', nullable: true })
  verdict: VerdictStatus | null;

  /** KL to the version that the iteration started from, in nats per token; null: the method does not measure it. */
  @ApiProperty({ type: Number, nullable: true, example: 0.06 })
  kl: number | null;

  @ApiProperty({ type: Number, nullable: true })
  rewardBefore: number | null;

  @ApiProperty({ type: Number, nullable: true })
  rewardAfter: number | null;
}

export class LoopDriftDto {
  /** Win rate by the reward model minus win rate by people on the same items. @example 0.09 */
  value: number;

  low: number;

  high: number;
}

/** Of the candidate over the version that the iteration started from, on held-out prompts, blind. */
export class LoopComparisonFiguresDto implements ComparisonFigures {
  /** @example 0.71 */
  winRate: number;

  low: number;

  high: number;

  @ApiProperty({ type: 'integer', example: 320 })
  n: number;

  lengthControlledWinRate: number;

  /** Mean length of the candidate's answers minus that of the old version, in characters. */
  meanLengthDifference: number;

  @ApiProperty({ type: 'integer', example: 960 })
  judgements: number;

  /** Number of judgements by simulated labelers; they do not show what people would prefer. */
  @ApiProperty({ type: 'integer', example: 0 })
  simulatedJudgements: number;

  /** Win rate by the iteration's reward model on the same items. */
  @ApiProperty({ type: Number, nullable: true })
  proxyWinRate: number | null;

  /** Above 0, the reward model overrates the policy that it trained. */
  @ApiProperty({ type: LoopDriftDto, nullable: true })
  drift: LoopDriftDto | null;
}

/** Each part appears when its state is over. */
export class LoopFiguresDto implements LoopFigures {
  @ApiPropertyOptional()
  selection?: LoopSelectionFiguresDto;

  @ApiPropertyOptional()
  ratings?: LoopRatingFiguresDto;

  @ApiPropertyOptional()
  pairs?: LoopPairFiguresDto;

  @ApiPropertyOptional()
  reward?: LoopRewardFiguresDto;

  @ApiPropertyOptional()
  training?: LoopTrainingFiguresDto;

  @ApiPropertyOptional()
  comparison?: LoopComparisonFiguresDto;
}

class LoopIterationDto {
  @ApiProperty({ format: 'uuid' })
  loopId: string;

  /** Counts from 1. */
  @ApiProperty({ type: 'integer', example: 1 })
  number: number;

  @ApiProperty({ format: 'uuid' })
  startVersionId: string;

  /** Prompt set that is answered. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  promptSetId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  completionBatchId: string | null;

  /** Job that scored the answers for `disagreement`. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  scoringJobId: string | null;

  /** Prompt set whose answers are rated. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  ratedPromptSetId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  labelingBatchId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  pairSetId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  rewardModelId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  trainingRunId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  candidateVersionId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  comparisonId: string | null;

  @ApiProperty({ enum: loopDecisions, enumName: 'LoopDecision', nullable: true })
  decision: LoopDecision | null;

  /** Reason for the decision. */
  @ApiProperty({ enum: loopOutcomes, enumName: 'LoopOutcome', nullable: true })
  reason: LoopOutcome | null;

  figures: LoopFiguresDto;

  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt: Date | null;
}

export class LoopIterationPage extends PageOf(LoopIterationDto) {}

export class LoopTransitionDto {
  @ApiProperty({ enum: loopStates, enumName: 'LoopState' })
  from: LoopState;

  @ApiProperty({ enum: loopStates, enumName: 'LoopState' })
  to: LoopState;

  @ApiProperty({ enum: loopOutcomes, enumName: 'LoopOutcome' })
  outcome: LoopOutcome;

  createdAt: Date;
}

const ratingNeeds = ['quorum', 'agreement'] as const satisfies readonly RatingsNeed[];

/** How far the ratings are, now. */
export class LoopRatingProgressDto implements RatingProgress {
  @ApiProperty({ type: 'integer', example: 1600 })
  completions: number;

  /** Number of completions with all required ratings. */
  @ApiProperty({ type: 'integer', example: 1200 })
  complete: number;

  @ApiProperty({ type: 'integer', example: 4100 })
  ratings: number;

  @ApiProperty({ type: Number, nullable: true, example: 0.8 })
  agreement: number | null;

  /** What is still missing; null: there are enough ratings. */
  @ApiProperty({ enum: ratingNeeds, enumName: 'LoopRatingsNeed', nullable: true })
  lacks: RatingsNeed | null;
}

export class LoopIterationDetailDto extends LoopIterationDto {
  /** State changes, in order. */
  @ApiProperty({ type: [LoopTransitionDto] })
  transitions: LoopTransitionDto[];

  /** Rating progress; null until the prompts to rate are chosen. */
  @ApiProperty({ type: LoopRatingProgressDto, nullable: true })
  ratingProgress: LoopRatingProgressDto | null;
}

class LoopCompletionDto {
  @ApiProperty({ format: 'uuid' })
  completionId: string;

  @ApiProperty({ format: 'uuid' })
  promptId: string;

  /** @example Facts: Lena wakes up at ten. Question: When does Lena get up? */
  prompt: string;

  /** @example Lena gets up at ten. */
  text: string;

  /** Number of labelers who have rated it. */
  @ApiProperty({ type: 'integer', example: 2 })
  ratingCount: number;
}

export class LoopCompletionPage extends PageOf(LoopCompletionDto) {}
