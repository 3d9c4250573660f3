import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { EstimateDto } from './agreement.dto.js';
import type { Interval } from './bootstrap.js';
import { labelerFlagCodes, type LabelerFlag, type LabelerFlagCode } from './labeler-flags.js';
import type { PositionBias, Severity, Speed, StraightLining } from './labeler-figures.js';
import type { Reliability } from './labeler-reliability.js';

export class LabelerQualityQuery {
  /** That of the labeler's latest rating unless given. */
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

/** Mean of score less mean of co-raters on the same completions; negative is severe. */
export class SeverityDto extends EstimateDto implements Severity {
  /** Completions that others rated too. */
  @ApiProperty({ type: 'integer', example: 180 })
  items: number;

  /** `value` over the span of the scale. @example -0.12 */
  shareOfScale: number;
}

const positionBases = ['deviation', 'score'] as const;

/** Linear trend of what was given over the place in which the completion was shown (Mantel 1963). */
export class PositionBiasDto implements PositionBias {
  @ApiProperty({ type: 'integer', example: 180 })
  n: number;

  /** Negative: what is shown earlier gets more. @example -0.04 */
  correlation: number;

  /** @example -0.5 */
  z: number;

  /** @example 0.6 */
  pValue: number;

  /** Deviations from co-raters, or scores where too few completions are shared. */
  @ApiProperty({ enum: positionBases, enumName: 'PositionBasis' })
  basis: 'deviation' | 'score';
}

/** Runs of equal scores in order of rating (Mood 1940), and how far scores spread. */
export class StraightLiningDto implements StraightLining {
  @ApiProperty({ type: 'integer', example: 180 })
  n: number;

  @ApiProperty({ type: 'integer', example: 131 })
  runs: number;

  /** In random order of the same scores. @example 128.4 */
  expectedRuns: number;

  @ApiProperty({ type: 'integer', example: 4 })
  longestRun: number;

  /** Far below 0: long runs. Null where all scores are the same. */
  @ApiProperty({ type: Number, nullable: true, example: 0.4 })
  z: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 0.69 })
  pValue: number | null;

  /** Standard deviation over that of co-raters on the same completions. */
  @ApiProperty({ type: Number, nullable: true, example: 0.94 })
  spreadRatio: number | null;
}

/** Time spent, against that of all labelers under the version (modified z-scores of logarithms, Iglewicz & Hoaglin 1993). */
export class LabelerSpeedDto implements Speed {
  /** Judgements with a time. */
  @ApiProperty({ type: 'integer', example: 180 })
  ratings: number;

  /** @example 9100 */
  medianMs: number;

  /** Median of all labelers. @example 8200 */
  typicalMs: number;

  /** Less is a low outlier. Null where more than half of all times are the same. */
  @ApiProperty({ type: Number, nullable: true, example: 900 })
  fenceMs: number | null;

  @ApiProperty({ type: 'integer', example: 0 })
  tooFast: number;
}

export class GoldAccuracyDto {
  /** Ratings and comparisons of gold items that are not retired. */
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
  /** 1 is always right, 0 what chance gives. Null where all ratings are alike. */
  @ApiProperty({ type: Number, nullable: true, example: 0.78 })
  value: number | null;

  /** What these ratings would weigh in a mean. */
  @ApiProperty({ type: Number, nullable: true, example: 3.54 })
  weight: number | null;

  @ApiProperty({ type: 'integer', example: 180 })
  items: number;

  /** This one among them. */
  @ApiProperty({ type: 'integer', example: 5 })
  labelers: number;
}

/** Rankings and comparisons with one best: how often it was what was shown first. */
export class FirstShownDto {
  @ApiProperty({ type: 'integer', example: 120 })
  judged: number;

  @ApiProperty({ type: 'integer', example: 63 })
  firstPreferred: number;

  /** What a judge without bias would prefer by chance. @example 60 */
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

  /** True for a rule that stands in for a person. */
  simulated: boolean;

  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  @ApiProperty({ type: 'integer', example: 212 })
  ratings: number;

  /** Those of completions that others rated too; to a vendor, others are its own labelers alone, here and below. */
  @ApiProperty({ type: 'integer', example: 180 })
  sharedItems: number;

  /** Null with fewer than 5 shared completions. */
  @ApiProperty({ type: SeverityDto, nullable: true })
  severity: SeverityDto | null;

  /** Null where positions are unknown, or positions or scores never change. */
  @ApiProperty({ type: PositionBiasDto, nullable: true })
  positionBias: PositionBiasDto | null;

  /** Null without rankings and comparisons. */
  @ApiProperty({ type: FirstShownDto, nullable: true })
  firstShown: FirstShownDto | null;

  @ApiProperty({ type: StraightLiningDto })
  straightLining: StraightLiningDto;

  /** Null where no time is known. */
  @ApiProperty({ type: LabelerSpeedDto, nullable: true })
  speed: LabelerSpeedDto | null;

  /** Null to a vendor: answer by answer, it would tell which tasks are gold. */
  @ApiProperty({ type: GoldAccuracyDto, nullable: true })
  gold: GoldAccuracyDto | null;

  /** Null where no completion is shared. */
  @ApiProperty({ type: LabelerReliabilityDto, nullable: true })
  reliability: LabelerReliabilityDto | null;

  /** Rankings and comparisons, the latest 10,000. */
  @ApiProperty({ type: 'integer', example: 40 })
  preferences: number;

  /** Of these, per completion in them; null where no time is known. */
  @ApiProperty({ type: LabelerSpeedDto, nullable: true })
  preferenceSpeed: LabelerSpeedDto | null;

  @ApiProperty({ type: [LabelerFlagDto] })
  flags: LabelerFlagDto[];
}
