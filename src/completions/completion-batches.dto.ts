import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsOptional, IsUUID, ValidateNested } from 'class-validator';
import { PageOf, PageQuery } from '#src/common/pagination.js';
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
