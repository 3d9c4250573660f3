import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsObject, IsOptional, IsString, Length } from 'class-validator';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';

const maxPromptLength = 32_768;

export class CreatePromptDto {
  /** What the policy is asked. @example Name three primary colors. */
  @IsString()
  @Length(1, maxPromptLength)
  @IsStorable()
  text: string;

  /** Your own id of the prompt; unique. @example alpaca-0017 */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  externalId?: string;

  /** Words to find prompts by. @example ["arithmetic"] */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(32)
  @IsString({ each: true })
  @Length(1, 100, { each: true })
  @IsStorable()
  tags?: string[];

  /** Anything of yours; kept and given back, never read. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { split: 'train' } })
  @IsOptional()
  @IsObject()
  @IsStorable()
  metadata?: Record<string, unknown>;
}

export class PromptDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** @example Name three primary colors. */
  text: string;

  @ApiProperty({ type: String, nullable: true, example: 'alpaca-0017' })
  externalId: string | null;

  @ApiProperty({ type: [String], example: ['arithmetic'] })
  tags: string[];

  @ApiProperty({ type: 'object', additionalProperties: true, example: { split: 'train' } })
  metadata: Record<string, unknown>;

  createdAt: Date;
}

export class PromptPage extends PageOf(PromptDto) {}

export class PromptQuery extends PageQuery {
  /** Only the prompt with this external id. @example alpaca-0017 */
  @IsOptional()
  @IsString()
  @IsStorable()
  externalId?: string;

  /** Only prompts with this tag. @example arithmetic */
  @IsOptional()
  @IsString()
  @IsStorable()
  tag?: string;
}
