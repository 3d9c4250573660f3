import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsNumber, IsOptional, IsString, Length, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { Nullable } from '#src/common/presence.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import type { GoldExpectation } from './gold-item.entity.js';

export class GoldExpectationDto {
  /** Dimension that the expectation applies to. Default or null: the overall score. */
  @ApiPropertyOptional({ type: String, nullable: true, example: 'honesty' })
  @IsOptional()
  @Nullable()
  @IsString()
  @Length(1, 60)
  dimension?: string | null;

  /** Lowest correct score. @example 1 */
  @IsNumber()
  minimum: number;

  /** Highest correct score; equal to `minimum` if only one is correct. @example 2 */
  @IsNumber()
  maximum: number;
}

export class CreateGoldItemDto {
  @IsUUID()
  completionId: string;

  @IsUUID()
  criterionVersionId: string;

  /** For comparisons, instead of `expected`: a clearly worse completion of the same prompt. */
  @IsOptional()
  @IsUUID()
  worseCompletionId?: string;

  /** Expected scores; a rating passes if all of them hold. */
  @ApiPropertyOptional({ type: [GoldExpectationDto], minItems: 1, maxItems: 21 })
  @IsOptional()
  @ArrayMinSize(1)
  @ArrayMaxSize(21)
  @ValidateNested({ each: true })
  @Type(() => GoldExpectationDto)
  expected?: GoldExpectationDto[];

  /** Why the expectation is correct; not shown to labelers. @example The answer invents a street that the facts do not name. */
  @IsString()
  @Length(1, 5000)
  @IsStorable()
  explanation: string;
}

export class GoldExpectationOfItemDto implements GoldExpectation {
  @ApiProperty({ type: String, nullable: true })
  dimension: string | null;

  /** @example 1 */
  minimum: number;

  /** @example 2 */
  maximum: number;
}

export class GoldItemDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  completionId: string;

  @ApiProperty({ format: 'uuid' })
  criterionVersionId: string;

  /** Completion that must be judged worse than `completionId`; null: `expected` applies. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  worseCompletionId: string | null;

  /** Expected scores; empty if `worseCompletionId` applies. */
  @ApiProperty({ type: [GoldExpectationOfItemDto] })
  expected: GoldExpectationOfItemDto[];

  explanation: string;

  /** Number of current answers: ratings of the completion under the version, or rankings and comparisons of the two. */
  @ApiProperty({ type: 'integer', example: 24 })
  ratings: number;

  /** Number of answers as expected. An item that most labelers fail may itself be wrong. */
  @ApiProperty({ type: 'integer', example: 21 })
  passed: number;

  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  retiredAt: Date | null;
}

export class GoldItemPage extends PageOf(GoldItemDto) {}

export class GoldItemsQuery extends PageQuery {
  @IsOptional()
  @IsUUID()
  criterionVersionId?: string;
}
