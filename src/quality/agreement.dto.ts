import { ApiProperty } from '@nestjs/swagger';
import type { Estimate } from './bootstrap.js';
import type { AgreementFigures, LabelerPairReport, LevelReport } from './agreement-report.js';

/** A figure and its 95% bootstrap interval over items. */
export class EstimateDto implements Estimate {
  /** @example 0.72 */
  value: number;

  /** Lower end of the interval. Null, like `high`, if the data is insufficient: almost all ratings are at one level. */
  @ApiProperty({ type: Number, nullable: true, example: 0.66 })
  low: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 0.77 })
  high: number | null;
}

/** Krippendorff's alpha: 1 is perfect, 0 is chance, negative is worse. Null: undefined because all ratings are equal. */
export class AlphaDto {
  /** Nominal alpha: levels are categories, and any difference counts fully. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  nominal: EstimateDto | null;

  /** Ordinal alpha: levels are ranks. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  ordinal: EstimateDto | null;

  /** Interval alpha: levels are amounts, and distances between their values count. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  interval: EstimateDto | null;
}

export class LevelAgreementDto implements LevelReport {
  /** @example 3 */
  value: number;

  /** Number of ratings at this level, of items rated by at least two labelers. */
  @ApiProperty({ type: 'integer', example: 212 })
  ratings: number;

  /** Probability that another labeler gives this level if one does. Null: no labeler gave it. */
  @ApiProperty({ type: Number, nullable: true, example: 0.58 })
  agreement: number | null;

  /** The other level that it is most often confused with; null: none. */
  @ApiProperty({ type: Number, nullable: true, example: 4 })
  confusedWith: number | null;
}

export class LabelerPairAgreementDto implements LabelerPairReport {
  @ApiProperty({ type: [String], format: 'uuid', minItems: 2, maxItems: 2 })
  labelerIds: [string, string];

  /** Number of items that both rated. */
  @ApiProperty({ type: 'integer', example: 40 })
  items: number;

  /** Weighted kappa with linear weights, by the distance of the two values. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  linearKappa: EstimateDto | null;

  /** Weighted kappa with quadratic weights, by the squared distance. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  quadraticKappa: EstimateDto | null;

  /** Share of these items on which both gave the same level. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  rawAgreement: EstimateDto | null;
}

export class DimensionAgreementDto implements AgreementFigures {
  /** Dimension; null: the overall score, rounded to the nearest level if computed from dimensions. */
  @ApiProperty({ type: String, nullable: true, example: 'helpfulness' })
  dimension: string | null;

  /** Number of items rated by at least two labelers. */
  @ApiProperty({ type: 'integer', example: 400 })
  items: number;

  /** Number of ratings of these items. */
  @ApiProperty({ type: 'integer', example: 1200 })
  ratings: number;

  @ApiProperty({ type: AlphaDto })
  alpha: AlphaDto;

  /** Share of the other ratings of an item that equal a rating, averaged over ratings; not corrected for chance. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  rawAgreement: EstimateDto | null;

  @ApiProperty({ type: [LevelAgreementDto] })
  levels: LevelAgreementDto[];

  /** Pairs of labelers that share most items, at most 100. */
  @ApiProperty({ type: [LabelerPairAgreementDto] })
  labelerPairs: LabelerPairAgreementDto[];

  /** Number of pairs of labelers that share items, listed or not. */
  @ApiProperty({ type: 'integer', example: 3 })
  labelerPairsInAll: number;

  /** Number of bootstrap resamples for the intervals of alpha and raw agreement. */
  @ApiProperty({ type: 'integer', example: 1000 })
  resamples: number;
}

export class AgreementDto {
  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  /** Number of ratings counted: the latest of each labeler and item. */
  @ApiProperty({ type: 'integer', example: 1250 })
  ratings: number;

  @ApiProperty({ type: 'integer', example: 450 })
  items: number;

  @ApiProperty({ type: 'integer', example: 6 })
  labelers: number;

  /** Agreement overall, then by dimension of the criterion. */
  @ApiProperty({ type: [DimensionAgreementDto] })
  dimensions: DimensionAgreementDto[];
}

export class VersionAgreementDto extends AgreementDto {
  /**
   * The same for rankings and comparisons: an item is a pair of completions, and the levels are -1, 0 and 1 (worse, tied, better). Null:
   * there are none.
   */
  @ApiProperty({ type: AgreementDto, nullable: true })
  preferences: AgreementDto | null;
}
