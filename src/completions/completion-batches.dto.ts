import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsNumber, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { weightFormats, type WeightFormat } from '#src/lm/files/weight-formats.js';
import { defaultMaxFailedShare } from './completion-source.js';
import { SamplingDto, SamplingOptionsDto } from './sampling.dto.js';

export class CreateCompletionBatchDto {
  /** Policy version that generates the completions. */
  @IsUUID()
  policyVersionId: string;

  /** Prompts to answer. */
  @IsUUID()
  promptSetId: string;

  @IsDefined()
  @ValidateNested()
  @Type(() => SamplingOptionsDto)
  sampling: SamplingOptionsDto;

  /**
   * Weight format for generation. `int8` and `int4` quantize the linear layers to 8 or 4 bits: faster, but no longer exactly the policy.
   * Prompts are processed with full weights. Not available for endpoints and GPT-2.
   */
  @ApiPropertyOptional({ enum: weightFormats, enumName: 'WeightFormat', default: 'f32', example: 'int8' })
  @IsOptional()
  @IsIn(weightFormats)
  weights?: WeightFormat;

  /**
   * Share of prompts that may fail without failing the batch, such as prompts that are too long or refused by the endpoint. The
   * completions of the other prompts are always kept.
   */
  @ApiPropertyOptional({ type: 'number', minimum: 0, maximum: 1, default: defaultMaxFailedShare })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  maxFailedShare?: number;
}

class CompletionFailureDto {
  @ApiProperty({ format: 'uuid' })
  promptId: string;

  /** `prompt_too_long`, `endpoint_refused`, `endpoint_answer_empty` or `endpoint_answer_unreadable`. @example prompt_too_long */
  code: string;

  /** @example prompt 0198... has 2071 tokens; the policy takes at most 2048 */
  message: string;

  createdAt: Date;
}

export class CompletionFailurePage extends PageOf(CompletionFailureDto) {}

export class CompletionBatchDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** Job that generates the completions. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;

  @ApiProperty({ format: 'uuid' })
  policyVersionId: string;

  @ApiProperty({ format: 'uuid' })
  promptSetId: string;

  sampling: SamplingDto;

  @ApiProperty({ enum: weightFormats, enumName: 'WeightFormat', example: 'f32' })
  weights: WeightFormat;

  /** Number of completions generated so far. */
  @ApiProperty({ type: 'integer', example: 768 })
  completionCount: number;

  /** Number of prompts that failed so far; see `GET /v1/completion-batches/{id}/failures`. */
  @ApiProperty({ type: 'integer', example: 1 })
  failedCount: number;

  @ApiProperty({ type: 'number', example: 0.1 })
  maxFailedShare: number;

  createdAt: Date;
}

export class CompletionBatchPage extends PageOf(CompletionBatchDto) {}

export class CompletionBatchQuery extends PageQuery {
  /** Only batches of this policy version. */
  @IsOptional()
  @IsUUID()
  policyVersionId?: string;
}
