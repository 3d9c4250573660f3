import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsInt, IsNumber, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { IsStorable } from '#src/common/storable.js';
import { defaultSampling, type Sampling } from './sampling.js';

/** How completions are drawn. Hyperparameters; omitted ones take their defaults. */
export class SamplingOptionsDto {
  /** Sampling temperature; 0: greedy decoding. */
  @ApiPropertyOptional({ default: 1, minimum: 0, maximum: 2, example: 0.8 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(2)
  temperature?: number;

  /** Nucleus sampling: keeps the most likely tokens whose total probability reaches this value; greater than 0. */
  @ApiPropertyOptional({ default: 1, minimum: 0, maximum: 1, example: 0.95 })
  @IsOptional()
  @IsNumber()
  @Min(Number.MIN_VALUE, { message: 'topP must be greater than 0' })
  @Max(1)
  topP?: number;

  /** Number of most likely tokens to sample from. Default: all. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, example: 50 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  topK?: number;

  /** Minimum probability of a token, relative to the most likely token. */
  @ApiPropertyOptional({ default: 0, minimum: 0, maximum: 1, example: 0.05 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  minP?: number;

  /** Penalty on tokens already in the prompt or completion: above 1 makes them less likely, below 1 more likely. */
  @ApiPropertyOptional({ default: 1, minimum: 0.01, maximum: 10, example: 1.1 })
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(10)
  repetitionPenalty?: number;

  /** Subtracted from a token's logit for each occurrence in the completion. */
  @ApiPropertyOptional({ default: 0, minimum: -2, maximum: 2, example: 0 })
  @IsOptional()
  @IsNumber()
  @Min(-2)
  @Max(2)
  frequencyPenalty?: number;

  /** Subtracted once from the logit of each token that occurs in the completion. */
  @ApiPropertyOptional({ default: 0, minimum: -2, maximum: 2, example: 0 })
  @IsOptional()
  @IsNumber()
  @Min(-2)
  @Max(2)
  presencePenalty?: number;

  /** Stop strings. A completion ends before the first of them, with finish reason `stop`. */
  @ApiPropertyOptional({ type: [String], default: [], maxItems: 16, example: ['\n\n'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(16)
  @IsString({ each: true })
  @Length(1, 200, { each: true })
  @IsStorable()
  stop?: string[];

  /** Maximum length of a completion in tokens, including the end token. */
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

  /** Random seed. The same seed gives the same completions. */
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
