import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsOptional, IsString, Length, MaxLength, ValidateNested } from 'class-validator';
import { ToolCallDto } from '#src/prompts/conversation.dto.js';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { IsStorable } from '#src/common/storable.js';
import { finishReasons, type FinishReason } from './completion.entity.js';

/** A completion that was recorded elsewhere. Name its prompt by either `promptId` or `promptExternalId`. */
export class RecordedCompletionDto {
  /** Client's id of the completion; unique. @example alpaca-0017-gpt-4 */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  externalId: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  promptId?: string;

  /** @example alpaca-0017 */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  promptExternalId?: string;

  /** Text of the completion; may be empty. @example Red, yellow and blue. */
  @IsString()
  @MaxLength(262_144)
  @IsStorable()
  text: string;

  /** Author of the completion, such as a model name. @example gpt-4 */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  source: string;

  /** Reasoning of the model before its answer. */
  @IsOptional()
  @IsString()
  @MaxLength(262_144)
  @IsStorable()
  reasoning?: string;

  /** Tool calls of the model. */
  @ApiPropertyOptional({ type: [ToolCallDto], maxItems: 128 })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(128)
  @ValidateNested({ each: true })
  @Type(() => ToolCallDto)
  toolCalls?: ToolCallDto[];

  @ApiPropertyOptional({ enum: finishReasons, enumName: 'FinishReason' })
  @IsOptional()
  @IsIn(finishReasons)
  finishReason?: FinishReason;
}

export class CompletionDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  promptId: string;

  /** @example Red, yellow and blue. */
  text: string;

  /** Reasoning before the answer, if an endpoint returned it separately; else null. */
  @ApiProperty({ type: String, nullable: true, example: null })
  reasoning: string | null;

  /** Tool calls of the model; the text may then be empty. */
  @ApiProperty({ type: [ToolCallDto], nullable: true, example: null })
  toolCalls: ToolCallDto[] | null;

  /** Whether the model refused to answer; `text` is then the refusal. */
  refusal: boolean;

  /** Policy version that generated it; null: recorded elsewhere. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  policyVersionId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  batchId: string | null;

  /** Number of the completion among those of its prompt in its batch, from 0. */
  @ApiProperty({ type: 'integer', nullable: true, example: 0 })
  sampleIndex: number | null;

  /** Author, if recorded elsewhere; else null. */
  @ApiProperty({ type: String, nullable: true, example: 'gpt-4' })
  source: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'alpaca-0017-gpt-4' })
  externalId: string | null;

  /** `stop`: ended with an end-of-sequence token or at a stop string; `length`: cut at `maxTokens`. */
  @ApiProperty({ enum: finishReasons, enumName: 'FinishReason', nullable: true })
  finishReason: FinishReason | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 41 })
  promptTokens: number | null;

  /** Number of tokens, including the end token or the stop string; null: an endpoint reported only a total. */
  @ApiProperty({ type: 'integer', nullable: true, example: 12 })
  completionTokens: number | null;

  /** Random seed of this completion; for an endpoint, the seed of its request. */
  @ApiProperty({ type: 'integer', format: 'int64', nullable: true, example: 96190338201744 })
  seed: number | null;

  createdAt: Date;
}

export class CompletionPage extends PageOf(CompletionDto) {}

export class CompletionQuery extends PageQuery {
  /** Only completions of this prompt. */
  @IsOptional()
  @IsUUID()
  promptId?: string;

  /** Only completions of this policy version. */
  @IsOptional()
  @IsUUID()
  policyVersionId?: string;

  /** Only completions of this batch. */
  @IsOptional()
  @IsUUID()
  batchId?: string;
}
