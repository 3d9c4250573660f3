import { ApiProperty } from '@nestjs/swagger';
import { findingStatuses, verdictStatuses, type FindingStatus, type VerdictFinding, type VerdictStatus } from './findings.js';

export class VerdictFindingDto implements VerdictFinding {
  /** Stable identifier of the check. @example kl_slope */
  check: string;

  /** `not_measured` counts neither for nor against the run; the message names what is missing. */
  @ApiProperty({ enum: findingStatuses, enumName: 'FindingStatus' })
  status: FindingStatus;

  /** Measured value; null: not measured or not finite. */
  @ApiProperty({ type: Number, nullable: true, example: 0.004 })
  value: number | null;

  /** The bound beyond which the check fails. @example 0.02 */
  threshold: number;

  /** What was observed, in one sentence. @example growth of KL per step over the last half: 0.0400 */
  message: string;

  /** What to do about it, in one sentence; null: the check passed. */
  @ApiProperty({ type: String, nullable: true, example: 'Raise beta or take fewer steps: the policy was still moving away from its start.' })
  advice: string | null;
}

/** An audit after the fact: `healthy` means that no check objected, not that the policy is better. */
export class VerdictDto {
  @ApiProperty({ enum: verdictStatuses, enumName: 'VerdictStatus' })
  status: VerdictStatus;

  /** Findings, worst first. */
  @ApiProperty({ type: [VerdictFindingDto] })
  findings: VerdictFindingDto[];
}
