import { ApiProperty } from '@nestjs/swagger';
import { findingStatuses, verdictStatuses, type FindingStatus, type VerdictStatus } from './findings.js';

export class VerdictFindingDto {
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

  /** @example growth of KL per step over the last half: 0.00400 */
  message: string;
}

/** An audit after the fact: `healthy` means that no check objected, not that the policy is better. */
export class VerdictDto {
  @ApiProperty({ enum: verdictStatuses, enumName: 'VerdictStatus' })
  status: VerdictStatus;

  @ApiProperty({ type: [VerdictFindingDto] })
  findings: VerdictFindingDto[];
}
