import { ApiProperty } from '@nestjs/swagger';
import { findingStatuses, verdictStatuses, type FindingStatus, type VerdictFinding, type VerdictStatus } from './findings.js';

export class VerdictFindingDto implements VerdictFinding {
  /** Stable name of the check. @example kl_slope */
  check: string;

  /** `not_measured` says nothing for the run, nor against it: the message says what was left out. */
  @ApiProperty({ enum: findingStatuses, enumName: 'FindingStatus' })
  status: FindingStatus;

  /** Null when it was not measured, or is not finite. */
  @ApiProperty({ type: Number, nullable: true, example: 0.004 })
  value: number | null;

  /** The bound beyond which the check no longer passes. @example 0.02 */
  threshold: number;

  /** What was seen, in one sentence. @example growth of KL per step over the last half: 0.0400 */
  message: string;

  /** What to do about it, in one sentence; null for a check that passed. */
  @ApiProperty({ type: String, nullable: true, example: 'Raise beta or take fewer steps: the policy was still moving away from its start.' })
  advice: string | null;
}

/** An audit after the fact: `healthy` means that no check objected, not that the policy is better. */
export class VerdictDto {
  @ApiProperty({ enum: verdictStatuses, enumName: 'VerdictStatus' })
  status: VerdictStatus;

  /** The worst first. */
  @ApiProperty({ type: [VerdictFindingDto] })
  findings: VerdictFindingDto[];
}
