import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '../auth.js';
import { AuditEntryPage, AuditQuery, toAuditEntryDto } from './audit.dto.js';
import { AuditService } from './audit.service.js';

@ApiTags('audit-log')
@Controller('audit-log')
@RequireScopes('admin')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  /** Security-relevant actions, newest first. Entries are never changed or removed. */
  @Get()
  @ApiOperation({ operationId: 'auditLog_list' })
  async list(@Query() query: AuditQuery): Promise<AuditEntryPage> {
    const page = await this.audit.list(query);
    return { ...page, data: page.data.map(toAuditEntryDto) };
  }
}
