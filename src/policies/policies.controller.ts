import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentAuth, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import { CreatePolicyDto, PolicyAliasDto, PolicyAliasPage, PolicyDto, PolicyPage, PutPolicyAliasDto } from './policies.dto.js';
import { aliasPattern, PoliciesService } from './policies.service.js';
import { CreatePolicyVersionDto, PolicyVersionDto, PolicyVersionPage } from './policy-versions.dto.js';
import { PolicyVersionsService } from './policy-versions.service.js';

const aliasParam = { name: 'alias', schema: { type: 'string', pattern: aliasPattern.source }, example: 'production' };

@ApiTags('policies')
@Controller('policies')
export class PoliciesController {
  constructor(private readonly policies: PoliciesService) {}

  @Post()
  @RequireScopes('policies:write')
  @ApiOperation({ operationId: 'policies_create' })
  create(@Body() dto: CreatePolicyDto): Promise<PolicyDto> {
    return this.policies.create(dto);
  }

  @Get()
  @RequireScopes('policies:read')
  @ApiOperation({ operationId: 'policies_list' })
  list(@Query() query: PageQuery): Promise<PolicyPage> {
    return this.policies.list(query);
  }

  @Get(':id')
  @RequireScopes('policies:read')
  @ApiOperation({ operationId: 'policies_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<PolicyDto> {
    return this.policies.get(id);
  }

  @Get(':id/aliases')
  @RequireScopes('policies:read')
  @ApiOperation({ operationId: 'policies_listAliases' })
  listAliases(@Param('id', ParseUUIDPipe) id: string): Promise<PolicyAliasPage> {
    return this.policies.listAliases(id);
  }

  @Get(':id/aliases/:alias')
  @RequireScopes('policies:read')
  @ApiOperation({ operationId: 'policies_getAlias' })
  @ApiParam(aliasParam)
  getAlias(@Param('id', ParseUUIDPipe) id: string, @Param('alias') alias: string): Promise<PolicyAliasDto> {
    return this.policies.getAlias(id, alias);
  }

  /** Points an alias such as `production` to a version, replacing its earlier target. */
  @Put(':id/aliases/:alias')
  @RequireScopes('policies:write')
  @ApiOperation({ operationId: 'policies_putAlias' })
  @ApiParam(aliasParam)
  putAlias(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('alias') alias: string,
    @Body() dto: PutPolicyAliasDto,
  ): Promise<PolicyAliasDto> {
    return this.policies.putAlias(auth, id, alias, dto.policyVersionId);
  }
}

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
