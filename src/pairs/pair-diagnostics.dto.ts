import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { MarginBucket, NullBaseline, PairSetDiagnostics, SplitDiagnostics } from './pair-diagnostics.js';

/**
 * How often a rule that never reads the text is right. Over untied pairs; half a point where the rule cannot
 * tell. A reward model that does not beat these on `eval` has learned nothing but them.
 */
export class NullBaselineDto implements NullBaseline {
  /** Null when there are no such pairs. */
  @ApiProperty({ type: Number, nullable: true, example: 0.742 })
  accuracy: number | null;

  /** Pairs that were judged. */
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
   * Over pairs whose two completions at least two labelers both rated: the one that more of these labelers
   * scored higher wins; as many on either side counts half. Below 1 where the aggregate and a head count differ.
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

  /** Kept ties among them. */
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

  /** Exclusive, but in the last bucket and where `to` equals `from`. */
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
  /** Ratings that were aggregated. */
  @ApiProperty({ type: 'integer' })
  ratings: number;

  /** Rankings and comparisons that had a vote. */
  @ApiPropertyOptional({ type: 'integer' })
  preferences?: number;

  /** Pairs that they decide; scores decide the rest. */
  @ApiPropertyOptional({ type: 'integer' })
  decidedByPreference?: number;

  @ApiProperty({ type: 'integer' })
  completions: number;

  @ApiProperty({ type: 'integer' })
  prompts: number;

  /** Prompts that gave at least one pair. */
  @ApiProperty({ type: 'integer' })
  promptsWithPairs: number;

  /** All pairs of scored completions of one prompt, and those that only votes decide. */
  @ApiProperty({ type: 'integer' })
  possiblePairs: number;

  @ApiProperty({ type: 'integer' })
  tiesFound: number;

  @ApiProperty({ type: 'integer' })
  tiesDropped: number;

  /** Left out because their scores differ by less than `minimumMargin`. */
  @ApiProperty({ type: 'integer' })
  belowMargin: number;

  /** Left out by the sample. */
  @ApiProperty({ type: 'integer' })
  notSampled: number;

  @ApiProperty({ type: SplitsDiagnosticsDto })
  splits: SplitsDiagnosticsDto;

  /** Pairs by difference of scores, ascending. */
  @ApiProperty({ type: [MarginBucketDto] })
  margins: MarginBucketDto[];

  /** Over the prompts that have pairs. */
  @ApiProperty({ type: PairsPerPromptDto, nullable: true })
  pairsPerPrompt: PairsPerPromptDto | null;
}
