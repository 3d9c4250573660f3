import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '#src/common/pagination.js';
import type { LabelerWeight } from './labeler-weights.repository.js';

export class PairSetLabelerWeightDto implements LabelerWeight {
  @ApiProperty({ format: 'uuid' })
  labelerId: string;

  /** Number of ratings by the labeler in the set. */
  @ApiProperty({ type: 'integer', example: 214 })
  ratings: number;

  /**
   * Estimated quadratically weighted kappa between the labeler's answers and the true levels: 1 is always right, 0 is chance. Null: all
   * ratings of the set are equal.
   */
  @ApiProperty({ type: Number, nullable: true, example: 0.71 })
  reliability: number | null;

  /** reliability / (1 - reliability), clipped to 0.05 to 19. Only ratios of weights matter. @example 2.448242 */
  weight: number;

  /** Number of rankings and comparisons by the labeler in the set. */
  @ApiProperty({ type: 'integer', example: 96 })
  preferences: number;

  /** The same reliability for orders (worse, tied, better) of two completions. */
  @ApiProperty({ type: Number, nullable: true, example: 0.64 })
  preferenceReliability: number | null;

  /** Weight of the labeler's votes; null in sets built before votes had weights. */
  @ApiProperty({ type: Number, nullable: true, example: 1.777344 })
  preferenceWeight: number | null;
}

export class PairSetLabelerWeightPage extends PageOf(PairSetLabelerWeightDto) {}
