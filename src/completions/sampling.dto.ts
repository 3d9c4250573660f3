import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
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

  @ApiProperty({ type: 'integer', example: 64 })
  maxTokens: number;

  @ApiProperty({ type: 'integer', example: 4 })
  n: number;

  @ApiProperty({ type: 'integer', format: 'int64', example: 17 })
  seed: number;
}

export function withDefaults(options: SamplingOptionsDto): Sampling {
  const { temperature, topP, topK, maxTokens, n, seed } = options;
  const fallback = defaultSampling;
  return {
    temperature: temperature ?? fallback.temperature,
    topP: topP ?? fallback.topP,
    topK: topK ?? fallback.topK,
    maxTokens: maxTokens ?? fallback.maxTokens,
    n: n ?? fallback.n,
    seed: seed ?? fallback.seed,
  };
}
