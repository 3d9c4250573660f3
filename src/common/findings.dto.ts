import { ApiProperty } from '@nestjs/swagger';
import { verdictStatuses, type VerdictStatus } from './findings.js';

export class VerdictFindingDto {
  /** Stable name of the check. @example kl_slope */
  check: string;

  @ApiProperty({ enum: verdictStatuses, enumName: 'VerdictStatus' })
  status: VerdictStatus;

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
