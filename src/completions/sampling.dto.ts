import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsInt, IsNumber, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { IsStorable } from '#src/common/storable.js';
import { defaultSampling, type Sampling } from './sampling.js';

/** How completions are drawn. What is left out takes its default. */
export class SamplingOptionsDto {
  /** 0 takes the likeliest token each time. */
  @ApiPropertyOptional({ default: 1, minimum: 0, maximum: 2, example: 0.8 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(2)
  temperature?: number;

  /** Only the likeliest tokens that together have this probability; greater than 0. */
  @ApiPropertyOptional({ default: 1, minimum: 0, maximum: 1, example: 0.95 })
  @IsOptional()
  @IsNumber()
  @Min(Number.MIN_VALUE, { message: 'topP must be greater than 0' })
  @Max(1)
  topP?: number;

  /** Only so many of the likeliest tokens; all when left out. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 50 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  topK?: number;

  /** Only tokens at least this share as likely as the likeliest one. */
  @ApiPropertyOptional({ default: 0, minimum: 0, maximum: 1, example: 0.05 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  minP?: number;

  /** Makes tokens of the prompt and of the completion so far less likely above 1, likelier below. */
  @ApiPropertyOptional({ default: 1, minimum: 0.01, maximum: 10, example: 1.1 })
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(10)
  repetitionPenalty?: number;

  /** Taken off a token's logit for each time that the completion holds it. */
  @ApiPropertyOptional({ default: 0, minimum: -2, maximum: 2, example: 0 })
  @IsOptional()
  @IsNumber()
  @Min(-2)
  @Max(2)
  frequencyPenalty?: number;

  /** Taken off a token's logit once the completion holds it. */
  @ApiPropertyOptional({ default: 0, minimum: -2, maximum: 2, example: 0 })
  @IsOptional()
  @IsNumber()
  @Min(-2)
  @Max(2)
  presencePenalty?: number;

  /** A completion ends before the first of these texts; its finish reason is then `stop`. */
  @ApiPropertyOptional({ type: [String], default: [], maxItems: 16, example: ['\n\n'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(16)
  @IsString({ each: true })
  @Length(1, 200, { each: true })
  @IsStorable()
  stop?: string[];

  /** Longest completion in tokens, its end marker included. */
  @ApiPropertyOptional({ type: 'integer', default: 256, minimum: 1, maximum: 4096, example: 64 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(4096)
  maxTokens?: number;

  /** Completions per prompt. */
  @ApiPropertyOptional({ type: 'integer', default: 1, minimum: 1, maximum: 64, example: 4 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(64)
  n?: number;

  /** The same seed gives the same completions. */
  @ApiPropertyOptional({ type: 'integer', default: 0, minimum: 0, example: 17 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  seed?: number;
}

export class SamplingDto implements Sampling {
  /** @example 0.8 */
  temperature: number;

  /** @example 0.95 */
  topP: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 50 })
  topK: number | null;

  /** @example 0.05 */
  minP: number;

  /** @example 1.1 */
  repetitionPenalty: number;

  /** @example 0 */
  frequencyPenalty: number;

  /** @example 0 */
  presencePenalty: number;

  @ApiProperty({ type: [String], example: ['\n\n'] })
  stop: string[];

  @ApiProperty({ type: 'integer', example: 64 })
  maxTokens: number;

  @ApiProperty({ type: 'integer', example: 4 })
  n: number;

  @ApiProperty({ type: 'integer', format: 'int64', example: 17 })
  seed: number;
}

export function withDefaults(options: SamplingOptionsDto): Sampling {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  return { ...defaultSampling, ...Object.fromEntries(given) };
}
