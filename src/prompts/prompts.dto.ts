import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsBoolean, IsObject, IsOptional, IsString, Length, ValidateNested } from 'class-validator';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { MessageDto, ToolDto } from './conversation.dto.js';
import type { Prompt } from './prompt.entity.js';

const maxPromptLength = 32_768;
const maxMessages = 1_000;

export class CreatePromptDto {
  /** Text of the prompt; a chat model gets it as one user message. Give exactly one of `text` and `messages`. @example Name three primary colors. */
  @IsOptional()
  @IsString()
  @Length(1, maxPromptLength)
  @IsStorable()
  text?: string;

  /** A conversation that the policy continues. It must end with a user or tool message. */
  @ApiPropertyOptional({ type: [MessageDto], maxItems: maxMessages })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(maxMessages)
  @ValidateNested({ each: true })
  @Type(() => MessageDto)
  messages?: MessageDto[];

  /** Tools that the policy may call; only with `messages`. */
  @ApiPropertyOptional({ type: [ToolDto], maxItems: 128 })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(128)
  @ValidateNested({ each: true })
  @Type(() => ToolDto)
  tools?: ToolDto[];

  /** Whether the policy continues the last message, which must then be an assistant message. */
  @ApiPropertyOptional({ default: false })
  @IsOptional()
  @IsBoolean()
  continueFinalMessage?: boolean;

  /** Client's id of the prompt; unique. @example alpaca-0017 */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  externalId?: string;

  /** Tags for filtering prompts. @example ["arithmetic"] */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(32)
  @IsString({ each: true })
  @Length(1, 100, { each: true })
  @IsStorable()
  tags?: string[];

  /** Free-form data of the client; stored and returned, never interpreted. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { split: 'train' } })
  @IsOptional()
  @IsObject()
  @IsStorable()
  metadata?: Record<string, unknown>;
}

export class PromptDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** Text of the prompt; for a conversation, its messages as one readable text. @example Name three primary colors. */
  text: string;

  /** The conversation; null for a text prompt. */
  @ApiProperty({ type: [MessageDto], nullable: true })
  messages: MessageDto[] | null;

  @ApiProperty({ type: [ToolDto], nullable: true })
  tools: ToolDto[] | null;

  continueFinalMessage: boolean;

  @ApiProperty({ type: String, nullable: true, example: 'alpaca-0017' })
  externalId: string | null;

  @ApiProperty({ type: [String], example: ['arithmetic'] })
  tags: string[];

  @ApiProperty({ type: 'object', additionalProperties: true, example: { split: 'train' } })
  metadata: Record<string, unknown>;

  createdAt: Date;
}

export function toPromptDto<P extends Prompt>({ conversation, ...prompt }: P): Omit<P, 'conversation'> & PromptDto {
  const { messages = null, tools = null, continueFinalMessage = false } = conversation ?? {};
  return { ...prompt, messages, tools, continueFinalMessage };
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
