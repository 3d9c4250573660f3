import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ProblemDetail } from './problem.js';

/** The result of one line of a bulk request. */
const bulkStatuses = ['created', 'duplicate', 'failed'] as const;
export type BulkStatus = (typeof bulkStatuses)[number];

export class BulkItemResult {
  /** 1-based line of the NDJSON body. */
  @ApiProperty({ example: 3, type: 'integer' })
  line: number;

  @ApiProperty({ enum: bulkStatuses, enumName: 'BulkStatus' })
  status: BulkStatus;

  /** Id of the row that was created, or that was there already. */
  @ApiPropertyOptional({ format: 'uuid' })
  id?: string;

  /** Stable code of what went wrong, when `status` is `failed`. */
  @ApiPropertyOptional({ example: 'malformed_json' })
  code?: string;

  @ApiPropertyOptional({ type: [ProblemDetail] })
  errors?: ProblemDetail[];
}

/** Answer to a bulk request: good lines have landed, each other line says why not. */
export class BulkResult {
  @ApiProperty({ example: 2, type: 'integer' })
  created: number;

  @ApiProperty({ example: 0, type: 'integer' })
  duplicates: number;

  @ApiProperty({ example: 1, type: 'integer' })
  failed: number;

  /** One result per line, in order of the lines. */
  @ApiProperty({ type: [BulkItemResult] })
  items: BulkItemResult[];
}

export function bulkResult(items: BulkItemResult[]): BulkResult {
  const count = (status: BulkStatus) => items.filter((item) => item.status === status).length;
  return { created: count('created'), duplicates: count('duplicate'), failed: count('failed'), items };
}
