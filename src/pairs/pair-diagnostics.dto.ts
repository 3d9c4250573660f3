import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { MarginBucket, NullBaseline, PairSetDiagnostics, SplitDiagnostics } from './pair-diagnostics.js';

/**
 * Accuracy of a content-blind rule over untied pairs; undecided pairs count half. A reward model that does not beat these on `eval` has
 * learned nothing more.
 */
export class NullBaselineDto implements NullBaseline {
  /** Share of correct predictions; null: no such pairs. */
  @ApiProperty({ type: Number, nullable: true, example: 0.742 })
  accuracy: number | null;

  /** Number of pairs counted. */
  @ApiProperty({ type: 'integer', example: 18736 })
  pairs: number;
}

export class NullBaselinesDto {
  /** The completion with more characters (Unicode code points) wins; equal length counts half. */
  @ApiProperty({ type: NullBaselineDto })
  longest: NullBaselineDto;

  /** The completion with fewer characters wins: one minus `longest`. */
  @ApiProperty({ type: NullBaselineDto })
  shortest: NullBaselineDto;

  /** The completion shown earlier wins, by the mean `position` of its ratings; equal or unknown counts half. */
  @ApiProperty({ type: NullBaselineDto })
  first: NullBaselineDto;

  /**
   * Over pairs rated by at least two common labelers: the completion that more of them scored higher wins; equal numbers count half. Below
   * 1 if aggregation and head count differ.
   */
  @ApiProperty({ type: NullBaselineDto })
  majority: NullBaselineDto;
}

/**
 * The preference ceiling: of all (pair, two labelers) where both labelers scored the two completions
 * differently, the share in which they prefer the same one.
 */
export class LabelerAgreementDto {
  @ApiProperty({ type: Number, nullable: true, example: 0.81 })
  share: number | null;

  @ApiProperty({ type: 'integer' })
  comparisons: number;
}

/**
 * Of all (pair, labeler) where one labeler scored the two completions differently and saw them in known,
 * different positions: the share in which the one shown earlier got the higher score. 0.5 is no bias.
 */
export class PairPositionBiasDto {
  @ApiProperty({ type: Number, nullable: true, example: 0.52 })
  firstPreferred: number | null;

  @ApiProperty({ type: 'integer' })
  orderings: number;
}

export class SplitDiagnosticsDto implements SplitDiagnostics {
  @ApiProperty({ type: 'integer' })
  pairs: number;

  /** Number of kept ties among them. */
  @ApiProperty({ type: 'integer' })
  ties: number;

  @ApiProperty({ type: 'integer' })
  prompts: number;

  @ApiProperty({ type: NullBaselinesDto })
  nulls: NullBaselinesDto;

  @ApiProperty({ type: LabelerAgreementDto })
  labelerAgreement: LabelerAgreementDto;

  @ApiProperty({ type: PairPositionBiasDto })
  positionBias: PairPositionBiasDto;
}

export class SplitsDiagnosticsDto {
  @ApiProperty({ type: SplitDiagnosticsDto })
  train: SplitDiagnosticsDto;

  @ApiProperty({ type: SplitDiagnosticsDto })
  eval: SplitDiagnosticsDto;
}

export class MarginBucketDto implements MarginBucket {
  /** Inclusive. */
  from: number;

  /** Exclusive, except in the last bucket and if `to` equals `from`. */
  to: number;

  @ApiProperty({ type: 'integer' })
  pairs: number;
}

export class PairsPerPromptDto {
  @ApiProperty({ type: 'integer' })
  min: number;

  median: number;

  mean: number;

  @ApiProperty({ type: 'integer' })
  max: number;
}

export class PairSetDiagnosticsDto implements PairSetDiagnostics {
  /** Number of aggregated ratings. */
  @ApiProperty({ type: 'integer' })
  ratings: number;

  /** Number of rankings and comparisons counted as votes. */
  @ApiPropertyOptional({ type: 'integer' })
  preferences?: number;

  /** Number of pairs that they decide; scores decide the rest. */
  @ApiPropertyOptional({ type: 'integer' })
  decidedByPreference?: number;

  @ApiProperty({ type: 'integer' })
  completions: number;

  @ApiProperty({ type: 'integer' })
  prompts: number;

  /** Number of prompts with at least one pair. */
  @ApiProperty({ type: 'integer' })
  promptsWithPairs: number;

  /** Number of pairs of scored completions of one prompt, plus those that only votes decide. */
  @ApiProperty({ type: 'integer' })
  possiblePairs: number;

  @ApiProperty({ type: 'integer' })
  tiesFound: number;

  @ApiProperty({ type: 'integer' })
  tiesDropped: number;

  /** Number of pairs left out because their scores differ by less than `minimumMargin`. */
  @ApiProperty({ type: 'integer' })
  belowMargin: number;

  /** Number of pairs left out by sampling. */
  @ApiProperty({ type: 'integer' })
  notSampled: number;

  @ApiProperty({ type: SplitsDiagnosticsDto })
  splits: SplitsDiagnosticsDto;

  /** Pairs by score difference, ascending. */
  @ApiProperty({ type: [MarginBucketDto] })
  margins: MarginBucketDto[];

  /** Statistics over the prompts that have pairs. */
  @ApiProperty({ type: PairsPerPromptDto, nullable: true })
  pairsPerPrompt: PairsPerPromptDto | null;
}
