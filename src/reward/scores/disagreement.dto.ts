import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import type { DisputedPair } from './disagreement.service.js';

/** Completions of one prompt that have their scores. */
export class DisagreementRequestDto {
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  promptId: string;

  @ApiProperty({ type: [String], format: 'uuid', minItems: 2, maxItems: 64 })
  @ArrayMinSize(2)
  @ArrayMaxSize(64)
  @ArrayUnique()
  @IsUUID(undefined, { each: true })
  completionIds: string[];
}

export class DisputedPairDto implements DisputedPair {
  @ApiProperty({ type: [String], format: 'uuid', minItems: 2, maxItems: 2 })
  completionIds: [string, string];

  /** Standard deviation over members of the difference of the two rewards. @example 0.44 */
  disagreement: number;

  /** Share of members that prefer the first; equal rewards count half. @example 0.6 */
  preferFirst: number;
}

export class DisputedPairsDto {
  /** Most disputed first. */
  @ApiProperty({ type: [DisputedPairDto] })
  pairs: DisputedPairDto[];
}
