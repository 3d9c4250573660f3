import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { PageOf, PageQuery } from '#src/common/pagination.js';

/** A step in a query, where numbers come as text. */
const IsStep = (): PropertyDecorator =>
  applyDecorators(ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 999_999_999 }), IsOptional(), Type(() => Number), IsInt(), Min(0), Max(999_999_999));

export class CurveQuery extends PageQuery {
  /** Only steps after this one. */
  @IsStep()
  afterStep?: number;

  /** First step. */
  @IsStep()
  from?: number;

  /** Last step. */
  @IsStep()
  to?: number;

  /** Summarises the whole range in at most this many entries, each with mean, minimum and maximum of its steps. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 500, example: 200 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  maxPoints?: number;

  /** Only these metrics, separated by commas. */
  @ApiPropertyOptional({ example: 'reward,kl' })
  @IsOptional()
  @IsString()
  @Length(1, 2000)
  names?: string;
}

const byName = (type: unknown, example: object) => ({ type: 'object', additionalProperties: { type } as never, example }) as const;

/** The steps that one entry of a downsampled curve covers. */
export class MetricBucketDto {
  @ApiProperty({ type: 'integer', example: 401 })
  fromStep: number;

  /** Number of recorded steps in the bucket. */
  @ApiProperty({ type: 'integer', example: 20 })
  steps: number;

  @ApiProperty(byName(['number', 'null'], { kl: 0.01 }))
  min: Record<string, number | null>;

  @ApiProperty(byName(['number', 'null'], { kl: 0.4 }))
  max: Record<string, number | null>;

  /** Number of non-finite values by metric; metrics without any are omitted. */
  @ApiProperty(byName('integer', {}))
  notFinite: Record<string, number>;
}

@ApiExtraModels(MetricBucketDto)
export class CurveEntryDto {
  /** Number of the step, from 1. */
  @ApiProperty({ type: 'integer', example: 1 })
  step: number;

  /** Metric values by TRL name; null: the value was not finite. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: ['number', 'null'] } as never,
    example: { reward: 0.42, kl: 0.01, entropy: 0.9 },
  })
  values: Record<string, number | null>;

  /** With `maxPoints`, the steps summarised by the entry: `values` are means and `step` is the last step. Else null. */
  @ApiProperty({ oneOf: [{ $ref: '#/components/schemas/MetricBucketDto' }, { type: 'null' }] })
  bucket: MetricBucketDto | null;
}

export class CurvePage extends PageOf(CurveEntryDto) {}
