import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsUUID } from '#src/common/is-uuid.js';
import { lineageDirections, lineageTypes, type LineageDirection, type LineageType } from './lineage-edge.entity.js';

export class LineageDirectionQuery {
  /** `up`: what it was made from; `down`: what was made from it. */
  @ApiProperty({ enum: lineageDirections, enumName: 'LineageDirection' })
  @IsIn(lineageDirections)
  direction: LineageDirection;

  /** Maximum number of steps. @example 32 */
  @ApiProperty({ type: 'integer', required: false, default: 32, minimum: 1, maximum: 256 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(256)
  depth?: number;
}

export class LineageQuery extends LineageDirectionQuery {
  /** Type of the resource to start from. */
  @ApiProperty({ enum: lineageTypes, enumName: 'LineageType' })
  @IsIn(lineageTypes)
  type: LineageType;

  /** Id of the resource to start from. */
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  id: string;
}

export class LineageNodeDto {
  @ApiProperty({ enum: lineageTypes, enumName: 'LineageType' })
  type: LineageType;

  @ApiProperty({ format: 'uuid' })
  id: string;

  /** Shortest distance from the start, in steps. */
  @ApiProperty({ type: 'integer', example: 1 })
  depth: number;
}

export class LineageEdgeDto {
  @ApiProperty({ enum: lineageTypes, enumName: 'LineageType' })
  parentType: LineageType;

  @ApiProperty({ format: 'uuid' })
  parentId: string;

  @ApiProperty({ enum: lineageTypes, enumName: 'LineageType' })
  childType: LineageType;

  @ApiProperty({ format: 'uuid' })
  childId: string;

  /** Role of the parent in making the child. @example generated_by */
  relation: string;
}

/** The part of the graph that was reached. */
export class LineageDto {
  /** Ordered by depth, starting with the start node. */
  @ApiProperty({ type: [LineageNodeDto] })
  nodes: LineageNodeDto[];

  @ApiProperty({ type: [LineageEdgeDto] })
  edges: LineageEdgeDto[];

  /** Whether the graph continues beyond `depth`. */
  truncated: boolean;
}
