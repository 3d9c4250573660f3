import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '#src/auth/auth.js';
import { LineageDto, LineageQuery } from './lineage.dto.js';
import { LineageService } from './lineage.service.js';

@ApiTags('lineage')
@Controller('lineage')
export class LineageController {
  constructor(private readonly lineage: LineageService) {}

  /** What a resource was made from (`up`) or what was made from it (`down`). */
  @Get()
  @RequireScopes('artifacts:read')
  @ApiOperation({ operationId: 'lineage_trace' })
  trace(@Query() query: LineageQuery): Promise<LineageDto> {
    return this.lineage.trace(query, query);
  }
}
