import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '#src/common/pagination.js';
import type { LabelerWeight } from './labeler-weights.repository.js';

export class PairSetLabelerWeightDto implements LabelerWeight {
  @ApiProperty({ format: 'uuid' })
  labelerId: string;

  /** Ratings of the set that are theirs. */
  @ApiProperty({ type: 'integer', example: 214 })
  ratings: number;

  /**
   * Quadratically weighted kappa between their answers and the true levels, as estimated: 1 is always right, 0 what
   * chance gives. Null where all ratings of the set are alike.
   */
  @ApiProperty({ type: Number, nullable: true, example: 0.71 })
  reliability: number | null;

  /** reliability / (1 - reliability), held between 0.05 and 19. Only ratios of weights count. @example 2.448242 */
  weight: number;

  /** Rankings and comparisons of the set that are theirs. */
  @ApiProperty({ type: 'integer', example: 96 })
  preferences: number;

  /** The same over the orders (worse, tied, better) of two completions. */
  @ApiProperty({ type: Number, nullable: true, example: 0.64 })
  preferenceReliability: number | null;

  /** What their votes weigh; null in sets built before votes had weights. */
  @ApiProperty({ type: Number, nullable: true, example: 1.777344 })
  preferenceWeight: number | null;
}

export class PairSetLabelerWeightPage extends PageOf(PairSetLabelerWeightDto) {}
