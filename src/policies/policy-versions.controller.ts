import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import { CreatePolicyVersionDto, PolicyVersionDto, PolicyVersionPage } from './policy-versions.dto.js';
import { PolicyVersionsService } from './policy-versions.service.js';

@ApiTags('policy-versions')
@Controller()
export class PolicyVersionsController {
  constructor(private readonly versions: PolicyVersionsService) {}

  /** Creates a version from uploaded files or from an endpoint. The files are validated; the model is not run. */
  @Post('policies/:id/versions')
  @RequireScopes('policies:write')
  @ApiOperation({ operationId: 'policyVersions_create' })
  create(@Param('id', ParseUUIDPipe) id: string, @Body() dto: CreatePolicyVersionDto): Promise<PolicyVersionDto> {
    return this.versions.create(id, dto);
  }

  @Get('policies/:id/versions')
  @RequireScopes('policies:read')
  @ApiOperation({ operationId: 'policyVersions_list' })
  list(@Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery): Promise<PolicyVersionPage> {
    return this.versions.list(id, query);
  }

  @Get('policy-versions/:id')
  @RequireScopes('policies:read')
  @ApiOperation({ operationId: 'policyVersions_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<PolicyVersionDto> {
    return this.versions.get(id);
  }
}
