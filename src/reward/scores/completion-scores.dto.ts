import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '#src/common/pagination.js';

/** What one reward model says of a completion. */
export class CompletionScoreDto {
  @ApiProperty({ format: 'uuid' })
  rewardModelId: string;

  /** @example helpfulness-2 */
  rewardModelName: string;

  /** The reward. @example 1.73 */
  score: number;

  /** Each member's, of which `score` is the mean; null for a single one. */
  @ApiProperty({ type: [Number], nullable: true, example: [1.6, 1.86] })
  memberScores: number[] | null;
}

export class CompletionScorePage extends PageOf(CompletionScoreDto) {}
