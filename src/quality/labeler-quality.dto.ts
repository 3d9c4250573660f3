import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { EstimateDto } from './agreement.dto.js';
import type { Interval } from './bootstrap.js';
import { labelerFlagCodes, type LabelerFlag, type LabelerFlagCode } from './labeler-flags.js';
import type { PositionBias, Severity, Speed, StraightLining } from './labeler-figures.js';
import type { Reliability } from './labeler-reliability.js';

export class LabelerQualityQuery {
  /** Criterion version. Default: that of the labeler's latest rating. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  criterionVersionId?: string;
}

export class IntervalDto implements Interval {
  /** @example 0.61 */
  low: number;

  /** @example 0.87 */
  high: number;
}

/** Mean score minus mean of co-raters on the same completions; negative is severe. */
export class SeverityDto extends EstimateDto implements Severity {
  /** Number of completions that others also rated. */
  @ApiProperty({ type: 'integer', example: 180 })
  items: number;

  /** `value` divided by the range of the scale. @example -0.12 */
  shareOfScale: number;
}

const positionBases = ['deviation', 'score'] as const;

/** Linear trend of scores over the position of the completion (Mantel 1963). */
export class PositionBiasDto implements PositionBias {
  @ApiProperty({ type: 'integer', example: 180 })
  n: number;

  /** Correlation; negative: completions shown earlier get higher scores. @example -0.04 */
  correlation: number;

  /** @example -0.5 */
  z: number;

  /** @example 0.6 */
  pValue: number;

  /** Whether deviations from co-raters are used, or plain scores because too few completions are shared. */
  @ApiProperty({ enum: positionBases, enumName: 'PositionBasis' })
  basis: 'deviation' | 'score';
}

/** Runs of equal scores in order of rating (Mood 1940), and how far scores spread. */
export class StraightLiningDto implements StraightLining {
  @ApiProperty({ type: 'integer', example: 180 })
  n: number;

  @ApiProperty({ type: 'integer', example: 131 })
  runs: number;

  /** Number of runs expected if the same scores were in random order. @example 128.4 */
  expectedRuns: number;

  @ApiProperty({ type: 'integer', example: 4 })
  longestRun: number;

  /** z-score of the number of runs; far below 0: long runs. Null: all scores are equal. */
  @ApiProperty({ type: Number, nullable: true, example: 0.4 })
  z: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 0.69 })
  pValue: number | null;

  /** Standard deviation divided by that of co-raters on the same completions. */
  @ApiProperty({ type: Number, nullable: true, example: 0.94 })
  spreadRatio: number | null;
}

/** Time spent, against that of all labelers under the version (modified z-scores of logarithms, Iglewicz & Hoaglin 1993). */
export class LabelerSpeedDto implements Speed {
  /** Number of judgements with a time. */
  @ApiProperty({ type: 'integer', example: 180 })
  ratings: number;

  /** @example 9100 */
  medianMs: number;

  /** Median of all labelers, in milliseconds. @example 8200 */
  typicalMs: number;

  /** Times below this are low outliers, in milliseconds. Null: more than half of all times are equal. */
  @ApiProperty({ type: Number, nullable: true, example: 900 })
  fenceMs: number | null;

  @ApiProperty({ type: 'integer', example: 0 })
  tooFast: number;
}

export class GoldAccuracyDto {
  /** Number of ratings and comparisons of gold items that are not retired. */
  @ApiProperty({ type: 'integer', example: 20 })
  ratings: number;

  @ApiProperty({ type: 'integer', example: 18 })
  passed: number;

  @ApiProperty({ type: Number, nullable: true, example: 0.9 })
  accuracy: number | null;

  /** Wilson's 95% interval. */
  @ApiProperty({ type: IntervalDto, nullable: true })
  interval: IntervalDto | null;
}

/** Estimated from the completions shared with others (Dawid & Skene 1979): see docs/quality.md. */
export class LabelerReliabilityDto implements Reliability {
  /** Reliability: 1 is always right, 0 is chance. Null: all ratings are equal. */
  @ApiProperty({ type: Number, nullable: true, example: 0.78 })
  value: number | null;

  /** Weight of these ratings in a reliability-weighted mean. */
  @ApiProperty({ type: Number, nullable: true, example: 3.54 })
  weight: number | null;

  @ApiProperty({ type: 'integer', example: 180 })
  items: number;

  /** Number of labelers, including this one. */
  @ApiProperty({ type: 'integer', example: 5 })
  labelers: number;
}

/** How often the best completion was the one shown first, over rankings and comparisons with a single best. */
export class FirstShownDto {
  @ApiProperty({ type: 'integer', example: 120 })
  judged: number;

  @ApiProperty({ type: 'integer', example: 63 })
  firstPreferred: number;

  /** Expected number for a judge without bias. @example 60 */
  expected: number;

  /** Wilson's 95% interval of the share. */
  @ApiProperty({ type: IntervalDto, nullable: true })
  interval: IntervalDto | null;
}

export class LabelerFlagDto implements LabelerFlag {
  @ApiProperty({ enum: labelerFlagCodes, enumName: 'LabelerFlagCode' })
  code: LabelerFlagCode;

  /** @example 9 of 20 gold items were rated as expected */
  reason: string;
}

/** Figures of a labeler's latest 10,000 ratings under one criterion version. A flag is a question, not a verdict. */
export class LabelerQualityDto {
  @ApiProperty({ format: 'uuid' })
  labelerId: string;

  /** Whether the labeler is a program instead of a person. */
  simulated: boolean;

  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  @ApiProperty({ type: 'integer', example: 212 })
  ratings: number;

  /** Number of ratings of completions that others also rated. For a vendor, others are only its own labelers, here and below. */
  @ApiProperty({ type: 'integer', example: 180 })
  sharedItems: number;

  /** Severity; null: fewer than 5 shared completions. */
  @ApiProperty({ type: SeverityDto, nullable: true })
  severity: SeverityDto | null;

  /** Position bias; null: positions are unknown, or positions or scores never vary. */
  @ApiProperty({ type: PositionBiasDto, nullable: true })
  positionBias: PositionBiasDto | null;

  /** Bias towards the first shown; null: no rankings or comparisons. */
  @ApiProperty({ type: FirstShownDto, nullable: true })
  firstShown: FirstShownDto | null;

  @ApiProperty({ type: StraightLiningDto })
  straightLining: StraightLiningDto;

  /** Speed; null: no times are known. */
  @ApiProperty({ type: LabelerSpeedDto, nullable: true })
  speed: LabelerSpeedDto | null;

  /** Gold accuracy; null for vendors, to whom it would reveal which tasks are gold. */
  @ApiProperty({ type: GoldAccuracyDto, nullable: true })
  gold: GoldAccuracyDto | null;

  /** Reliability; null: no completion is shared. */
  @ApiProperty({ type: LabelerReliabilityDto, nullable: true })
  reliability: LabelerReliabilityDto | null;

  /** Number of rankings and comparisons, of the latest 10,000. */
  @ApiProperty({ type: 'integer', example: 40 })
  preferences: number;

  /** Speed of rankings and comparisons per completion; null: no times are known. */
  @ApiProperty({ type: LabelerSpeedDto, nullable: true })
  preferenceSpeed: LabelerSpeedDto | null;

  @ApiProperty({ type: [LabelerFlagDto] })
  flags: LabelerFlagDto[];
}
