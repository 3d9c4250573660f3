import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsDefined, IsIn, IsObject, IsOptional, IsString, Length, Matches, MaxLength, ValidateIf, ValidateNested } from 'class-validator';
import { messageRoles, type Message, type MessageRole, type Tool, type ToolCall } from '#src/common/conversation.js';
import { IsStorable } from '#src/common/storable.js';

const maxContent = 262_144;
const functionName = /^[A-Za-z0-9_.-]{1,128}$/;

class CalledFunctionDto {
  /** @example weather */
  @Matches(functionName)
  name: string;

  /** Arguments of the call: a JSON object as a string. @example {"city": "Oslo"} */
  @IsString()
  @MaxLength(maxContent)
  @IsStorable()
  arguments: string;
}

export class ToolCallDto implements ToolCall {
  /** Id of the call; the tool message that answers it names this id. @example call_1 */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  id: string;

  @ApiProperty({ enum: ['function'] })
  @IsIn(['function'])
  type: 'function';

  @IsDefined()
  @ValidateNested()
  @Type(() => CalledFunctionDto)
  function: CalledFunctionDto;
}

/** One turn of a conversation. */
export class MessageDto implements Message {
  /** A `system` or `developer` message must be first; a `tool` message answers a call of the preceding assistant message. */
  @ApiProperty({ enum: messageRoles, enumName: 'MessageRole', example: 'user' })
  @IsIn(messageRoles)
  role: MessageRole;

  /** Text of the message; null only with `toolCalls`. @example What is the weather in Oslo? */
  @ApiProperty({ type: String, nullable: true, maxLength: maxContent })
  @ValidateIf(({ content }: MessageDto) => content !== null)
  @IsString()
  @MaxLength(maxContent)
  @IsStorable()
  content: string | null;

  /** Name of the participant, if several share a role. @example anna */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  name?: string;

  /** Reasoning of the assistant before its answer. */
  @IsOptional()
  @IsString()
  @MaxLength(maxContent)
  @IsStorable()
  reasoning?: string;

  /** Tool calls of an assistant message. */
  @ApiPropertyOptional({ type: [ToolCallDto], maxItems: 128 })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(128)
  @ValidateNested({ each: true })
  @Type(() => ToolCallDto)
  toolCalls?: ToolCallDto[];

  /** In a tool message: id of the call that it answers. @example call_1 */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @IsStorable()
  toolCallId?: string;
}

class OfferedFunctionDto {
  /** @example weather */
  @Matches(functionName)
  name: string;

  /** @example The weather of a city */
  @IsOptional()
  @IsString()
  @MaxLength(8192)
  @IsStorable()
  description?: string;

  /** JSON Schema of the arguments. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { type: 'object', properties: { city: { type: 'string' } } } })
  @IsOptional()
  @IsObject()
  @IsStorable()
  parameters?: Record<string, unknown>;
}

/** A tool that the policy may call, as in OpenAI's chat API. */
export class ToolDto implements Tool {
  @ApiProperty({ enum: ['function'] })
  @IsIn(['function'])
  type: 'function';

  @IsDefined()
  @ValidateNested()
  @Type(() => OfferedFunctionDto)
  function: OfferedFunctionDto;
}
