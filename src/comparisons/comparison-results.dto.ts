import { ApiProperty } from '@nestjs/swagger';
import type { ComparisonResult, JudgedWinRate, ProxyResult, TagWinRate } from './comparison-result.js';
import type { LengthControlledWinRate } from './length-controlled.js';

/** Wins are the candidate's. The interval is a 95% percentile bootstrap over prompts. */
class WinRateDto implements JudgedWinRate {
  /** Share of items won; a tie counts half. @example 0.71 */
  winRate: number;

  /** @example 0.63 */
  low: number;

  /** @example 0.79 */
  high: number;

  /** Number of judged items. */
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
  /** Tag of the prompts; null: prompts without tags. */
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

  /** Effect of length in logits, for a much longer answer; above 0, the judge preferred length. @example 0.4 */
  lengthEffect: number;

  /** Mean length of the candidate's answers minus that of the baseline, in characters. @example 12.5 */
  meanLengthDifference: number;
}

export class DriftDto {
  /** Win rate by the reward model minus win rate by people on the same items. @example 0.09 */
  value: number;

  /** @example 0.02 */
  low: number;

  /** @example 0.16 */
  high: number;
}

/** The same items as judged by the reward model; not part of the main result. */
export class ProxyResultDto extends WinRateDto implements ProxyResult {
  /** Above 0, the reward model overrates the candidate. The interval is for the paired differences. */
  drift: DriftDto;

  /** Share of items on which both agree. @example 0.74 */
  agreement: number;
}

export class ComparisonResultDto extends WinRateDto implements ComparisonResult {
  @ApiProperty({ type: 'integer', example: 384 })
  judgements: number;

  /** Number of items left out because the labeling batch was closed before they were judged. */
  @ApiProperty({ type: 'integer', example: 0 })
  unjudgedItems: number;

  /** Number of judgements by simulated labelers; they do not show what people would prefer. */
  @ApiProperty({ type: 'integer', example: 0 })
  simulatedJudgements: number;

  lengthControlled: LengthControlledWinRateDto;

  /** Results for the 50 most common prompt tags; empty if no prompt has tags. Small groups have wide intervals. */
  @ApiProperty({ type: [TagWinRateDto] })
  byTag: TagWinRateDto[];

  /** Results of the proxy; only with a `proxyRewardModelId`. */
  @ApiProperty({ type: () => ProxyResultDto, nullable: true })
  proxy: ProxyResultDto | null;
}
