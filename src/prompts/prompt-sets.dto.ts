import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsOptional, IsString, Length } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { PromptDto } from './prompts.dto.js';

const maxMembers = 100_000;

/** Give either `promptIds` or `externalIds`; their order is the order of the set. */
export class CreatePromptSetDto {
  /** Unique. @example held-out */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name: string;

  /** @example 128 prompts that no model was trained on */
  @IsOptional()
  @IsString()
  @Length(1, 2000)
  @IsStorable()
  description?: string;

  /** Prompts of the set, by id. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(maxMembers)
  @IsUUID(undefined, { each: true })
  promptIds?: string[];

  /** Prompts of the set, by external id. @example ["alpaca-0017"] */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(maxMembers)
  @IsString({ each: true })
  @IsStorable()
  externalIds?: string[];
}

export class PromptSetDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** @example held-out */
  name: string;

  @ApiProperty({ type: String, nullable: true, example: '128 prompts that no model was trained on' })
  description: string | null;

  @ApiProperty({ type: 'integer', example: 128 })
  promptCount: number;

  createdAt: Date;
}

export class PromptSetPage extends PageOf(PromptSetDto) {}

class PromptSetPromptDto extends PromptDto {
  /** Position in the set, from 0. */
  @ApiProperty({ type: 'integer', example: 0 })
  position: number;
}

export class PromptSetPromptPage extends PageOf(PromptSetPromptDto) {}
