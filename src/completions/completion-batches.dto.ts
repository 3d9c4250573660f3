import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsNumber, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { weightFormats, type WeightFormat } from '#src/lm/files/weight-formats.js';
import { defaultMaxFailedShare } from './completion-source.js';
import { SamplingDto, SamplingOptionsDto } from './sampling.dto.js';

export class CreateCompletionBatchDto {
  /** Which version of which policy is asked. */
  @IsUUID()
  policyVersionId: string;

  /** What it is asked. */
  @IsUUID()
  promptSetId: string;

  @IsDefined()
  @ValidateNested()
  @Type(() => SamplingOptionsDto)
  sampling: SamplingOptionsDto;

  /**
   * `int8` and `int4` write with the layers' linear maps in 8 or 4 bits: faster, and no longer exactly the policy. Prompts are
   * read with full weights. Not of an endpoint, nor of GPT-2, whose maps are stored the other way round.
   */
  @ApiPropertyOptional({ enum: weightFormats, enumName: 'WeightFormat', default: 'f32', example: 'int8' })
  @IsOptional()
  @IsIn(weightFormats)
  weights?: WeightFormat;

  /**
   * Share of the prompts that may fail, such as those too long for the policy or refused by its endpoint, without failing the
   * batch. Completions of the others are kept in any case.
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

  /** @example prompt 0198... has 2071 tokens, the policy has room for 2048 */
  message: string;

  createdAt: Date;
}

export class CompletionFailurePage extends PageOf(CompletionFailureDto) {}

export class CompletionBatchDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  /** The job that writes the completions. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  jobId: string | null;

  @ApiProperty({ format: 'uuid' })
  policyVersionId: string;

  @ApiProperty({ format: 'uuid' })
  promptSetId: string;

  sampling: SamplingDto;

  @ApiProperty({ enum: weightFormats, enumName: 'WeightFormat', example: 'f32' })
  weights: WeightFormat;

  /** Completions written so far. */
  @ApiProperty({ type: 'integer', example: 768 })
  completionCount: number;

  /** Prompts that failed so far; `GET /v1/completion-batches/{id}/failures` tells why. */
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
