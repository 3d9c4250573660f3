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
  /** Your own id of the completion; unique. @example alpaca-0017-gpt-4 */
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

  /** May be empty: some models answer nothing. @example Red, yellow and blue. */
  @IsString()
  @MaxLength(262_144)
  @IsStorable()
  text: string;

  /** Who wrote it. @example gpt-4 */
  @IsString()
  @Length(1, 200)
  @IsStorable()
  source: string;

  /** What the model thought before its answer. */
  @IsOptional()
  @IsString()
  @MaxLength(262_144)
  @IsStorable()
  reasoning?: string;

  /** Tools that the model called. */
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

  /** What the model thought before its answer, where an endpoint gave it apart from the text. */
  @ApiProperty({ type: String, nullable: true, example: null })
  reasoning: string | null;

  /** Tools that the model called; the text may be empty then. */
  @ApiProperty({ type: [ToolCallDto], nullable: true, example: null })
  toolCalls: ToolCallDto[] | null;

  /** The model declined to answer, and `text` is what it said. */
  refusal: boolean;

  /** The policy version that wrote it; null when it was recorded elsewhere. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  policyVersionId: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  batchId: string | null;

  /** Counts the completions of one prompt in one batch from 0. */
  @ApiProperty({ type: 'integer', nullable: true, example: 0 })
  sampleIndex: number | null;

  /** Who wrote it, when it was recorded elsewhere. */
  @ApiProperty({ type: String, nullable: true, example: 'gpt-4' })
  source: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'alpaca-0017-gpt-4' })
  externalId: string | null;

  /** `stop`: it ended by itself or at a stop string; `length`: it was cut. */
  @ApiProperty({ enum: finishReasons, enumName: 'FinishReason', nullable: true })
  finishReason: FinishReason | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 41 })
  promptTokens: number | null;

  /** The end marker, or the tokens of a stop string, included; null where an endpoint counted several together. */
  @ApiProperty({ type: 'integer', nullable: true, example: 12 })
  completionTokens: number | null;

  /** Fixes the random numbers of this completion alone; for an endpoint, the seed of the request that it came from. */
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

  /** Only completions by this policy version. */
  @IsOptional()
  @IsUUID()
  policyVersionId?: string;

  /** Only completions of this batch. */
  @IsOptional()
  @IsUUID()
  batchId?: string;
}
