import { ApiProperty } from '@nestjs/swagger';
import type { Estimate } from './bootstrap.js';
import type { AgreementFigures, LabelerPairReport, LevelReport } from './agreement-report.js';

/** A figure and its 95% bootstrap interval over items. */
export class EstimateDto implements Estimate {
  /** @example 0.72 */
  value: number;

  /** Null, as `high`, where the data are too thin for an interval: most ratings are at one level, and many resamples have no other. */
  @ApiProperty({ type: Number, nullable: true, example: 0.66 })
  low: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 0.77 })
  high: number | null;
}

/** Krippendorff's alpha: 1 is perfect, 0 chance, negative worse. Null where undefined, that is, all ratings alike. */
export class AlphaDto {
  /** Levels are names: near misses are misses. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  nominal: EstimateDto | null;

  /** Levels are ranks. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  ordinal: EstimateDto | null;

  /** Levels are amounts: distances between their values count. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  interval: EstimateDto | null;
}

export class LevelAgreementDto implements LevelReport {
  /** @example 3 */
  value: number;

  /** Ratings at this level, of items that at least two labelers rated. */
  @ApiProperty({ type: 'integer', example: 212 })
  ratings: number;

  /** Where one labeler gave this level: the chance that another one did. Null where nobody gave it. */
  @ApiProperty({ type: Number, nullable: true, example: 0.58 })
  agreement: number | null;

  /** The other level that it is taken for most often. */
  @ApiProperty({ type: Number, nullable: true, example: 4 })
  confusedWith: number | null;
}

export class LabelerPairAgreementDto implements LabelerPairReport {
  @ApiProperty({ type: [String], format: 'uuid', minItems: 2, maxItems: 2 })
  labelerIds: [string, string];

  /** Items that both rated. */
  @ApiProperty({ type: 'integer', example: 40 })
  items: number;

  /** Weighted kappa, disagreements weighing as the distance of the two values. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  linearKappa: EstimateDto | null;

  /** Weighted kappa, disagreements weighing as the squared distance. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  quadraticKappa: EstimateDto | null;

  /** Share of these items on which both gave the same level. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  rawAgreement: EstimateDto | null;
}

export class DimensionAgreementDto implements AgreementFigures {
  /** Null for the overall score; where that is computed from dimensions, each counts for the nearest level. */
  @ApiProperty({ type: String, nullable: true, example: 'helpfulness' })
  dimension: string | null;

  /** Items that at least two labelers rated. */
  @ApiProperty({ type: 'integer', example: 400 })
  items: number;

  /** Ratings of these items. */
  @ApiProperty({ type: 'integer', example: 1200 })
  ratings: number;

  @ApiProperty({ type: AlphaDto })
  alpha: AlphaDto;

  /** Share of ratings that another rating of the item equals; not corrected for chance. */
  @ApiProperty({ type: EstimateDto, nullable: true })
  rawAgreement: EstimateDto | null;

  @ApiProperty({ type: [LevelAgreementDto] })
  levels: LevelAgreementDto[];

  /** The pairs of labelers that share most items, at most 100. */
  @ApiProperty({ type: [LabelerPairAgreementDto] })
  labelerPairs: LabelerPairAgreementDto[];

  /** Pairs of labelers that share items, shown or not. */
  @ApiProperty({ type: 'integer', example: 3 })
  labelerPairsInAll: number;

  /** Resamples of the intervals of alpha and raw agreement. */
  @ApiProperty({ type: 'integer', example: 1000 })
  resamples: number;
}

export class AgreementDto {
  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  /** Ratings that count: the latest of each labeler and item. */
  @ApiProperty({ type: 'integer', example: 1250 })
  ratings: number;

  @ApiProperty({ type: 'integer', example: 450 })
  items: number;

  @ApiProperty({ type: 'integer', example: 6 })
  labelers: number;

  /** Overall first, then by dimension of the criterion. */
  @ApiProperty({ type: [DimensionAgreementDto] })
  dimensions: DimensionAgreementDto[];
}

export class VersionAgreementDto extends AgreementDto {
  /**
   * The same of rankings and comparisons: an item is a pair of completions, a rating what a labeler said of it, its levels are
   * -1, 0 and 1 (worse, tied, better). Null where there are none.
   */
  @ApiProperty({ type: AgreementDto, nullable: true })
  preferences: AgreementDto | null;
}
