import { ApiProperty } from '@nestjs/swagger';
import type { ComparisonResult, JudgedWinRate, ProxyResult, TagWinRate } from './comparison-result.js';
import type { LengthControlledWinRate } from './length-controlled.js';

/** Wins are the candidate's. The interval is a 95% percentile bootstrap over prompts. */
class WinRateDto implements JudgedWinRate {
  /** Share of items won, a tie counting half. @example 0.71 */
  winRate: number;

  /** @example 0.63 */
  low: number;

  /** @example 0.79 */
  high: number;

  /** Items judged. */
  @ApiProperty({ type: 'integer', example: 128 })
  n: number;

  @ApiProperty({ type: 'integer', example: 84 })
  wins: number;

  @ApiProperty({ type: 'integer', example: 30 })
  losses: number;

  @ApiProperty({ type: 'integer', example: 14 })
  ties: number;
}

export class TagWinRateDto extends WinRateDto implements TagWinRate {
  /** null: prompts without any tag. */
  @ApiProperty({ type: String, nullable: true, example: 'summarisation' })
  tag: string | null;
}

/** What the win rate would be, by a fitted logistic model, if both versions wrote equally long (Dubois et al. 2024). */
export class LengthControlledWinRateDto implements LengthControlledWinRate {
  /** @example 0.66 */
  winRate: number;

  /** @example 0.57 */
  low: number;

  /** @example 0.74 */
  high: number;

  /** Logits that a far longer answer gained; above 0 the judge preferred length. @example 0.4 */
  lengthEffect: number;

  /** Characters that the candidate wrote more than the baseline. @example 12.5 */
  meanLengthDifference: number;
}

export class DriftDto {
  /** Win rate by the reward model less that by people, on the same items. @example 0.09 */
  value: number;

  /** @example 0.02 */
  low: number;

  /** @example 0.16 */
  high: number;
}

/** The same items as the reward model judges them. Never part of the result beside it. */
export class ProxyResultDto extends WinRateDto implements ProxyResult {
  /** Above 0 the reward model flatters the candidate. The interval is of the paired differences. */
  drift: DriftDto;

  /** Share of items of which both said the same. @example 0.74 */
  agreement: number;
}

export class ComparisonResultDto extends WinRateDto implements ComparisonResult {
  @ApiProperty({ type: 'integer', example: 384 })
  judgements: number;

  /** Items left out, since the labeling batch was closed before anybody judged them. */
  @ApiProperty({ type: 'integer', example: 0 })
  unjudgedItems: number;

  /** Judgements of labelers that are programs: they do not prove what people would say. */
  @ApiProperty({ type: 'integer', example: 0 })
  simulatedJudgements: number;

  lengthControlled: LengthControlledWinRateDto;

  /** By tag of the prompt, the most common 50; empty when no prompt has tags. Small groups have wide intervals. */
  @ApiProperty({ type: [TagWinRateDto] })
  byTag: TagWinRateDto[];

  /** Of comparisons with a `proxyRewardModelId`. */
  @ApiProperty({ type: () => ProxyResultDto, nullable: true })
  proxy: ProxyResultDto | null;
}
