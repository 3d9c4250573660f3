import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsNumber, IsOptional, IsString, Length, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { Nullable } from '#src/common/presence.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import type { GoldExpectation } from './gold-item.entity.js';

export class GoldExpectationDto {
  /** Left out or null: the overall score. */
  @ApiPropertyOptional({ type: String, nullable: true, example: 'honesty' })
  @IsOptional()
  @Nullable()
  @IsString()
  @Length(1, 60)
  dimension?: string | null;

  /** Lowest score that is right. @example 1 */
  @IsNumber()
  minimum: number;

  /** Highest score that is right; the same as `minimum` where only one is. @example 2 */
  @IsNumber()
  maximum: number;
}

export class CreateGoldItemDto {
  @IsUUID()
  completionId: string;

  @IsUUID()
  criterionVersionId: string;

  /** For comparisons, instead of `expected`: a completion of the same prompt that is worse beyond doubt. */
  @IsOptional()
  @IsUUID()
  worseCompletionId?: string;

  /** A rating passes when each of these holds. */
  @ApiPropertyOptional({ type: [GoldExpectationDto], minItems: 1, maxItems: 21 })
  @IsOptional()
  @ArrayMinSize(1)
  @ArrayMaxSize(21)
  @ValidateNested({ each: true })
  @Type(() => GoldExpectationDto)
  expected?: GoldExpectationDto[];

  /** Why this is right; labelers do not see it. @example The answer invents a street that the facts do not name. */
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

  /** What must be found worse than `completionId`; null where its score is known. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  worseCompletionId: string | null;

  /** Empty where one completion is better than another. */
  @ApiProperty({ type: [GoldExpectationOfItemDto] })
  expected: GoldExpectationOfItemDto[];

  explanation: string;

  /** Ratings of the completion under the version, or rankings and comparisons of the two, that nothing supersedes. */
  @ApiProperty({ type: 'integer', example: 24 })
  ratings: number;

  /** Those of them that are as expected. An item that most people fail may itself be wrong. */
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
