import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsOptional, ValidateNested } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { PageOf, PageQuery } from '#src/common/pagination.js';
import { weightFormats, type WeightFormat } from '#src/lm/files/weight-formats.js';
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
}

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

  createdAt: Date;
}

export class CompletionBatchPage extends PageOf(CompletionBatchDto) {}

export class CompletionBatchQuery extends PageQuery {
  /** Only batches of this policy version. */
  @IsOptional()
  @IsUUID()
  policyVersionId?: string;
}
