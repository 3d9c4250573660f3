import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentAuth, OpenToVendors, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import {
  CreateCriterionDto,
  CreateCriterionVersionDto,
  CriteriaQuery,
  CriterionDto,
  CriterionPage,
  CriterionVersionDto,
  CriterionVersionPage,
} from './criteria.dto.js';
import { CriteriaService } from './criteria.service.js';

@ApiTags('criteria')
@Controller()
export class CriteriaController {
  constructor(private readonly criteria: CriteriaService) {}

  @Post('criteria')
  @RequireScopes('criteria:write')
  @ApiOperation({ operationId: 'criteria_create' })
  create(@Body() dto: CreateCriterionDto): Promise<CriterionDto> {
    return this.criteria.create(dto);
  }

  @Get('criteria')
  @RequireScopes('criteria:read')
  @ApiOperation({ operationId: 'criteria_list' })
  list(@Query() query: CriteriaQuery): Promise<CriterionPage> {
    return this.criteria.list(query);
  }

  @Get('criteria/:id')
  @RequireScopes('criteria:read')
  @ApiOperation({ operationId: 'criteria_get' })
  get(@Param('id', ParseUUIDPipe) id: string): Promise<CriterionDto> {
    return this.criteria.get(id);
  }

  /** Creates the next version. Existing versions are immutable. */
  @Post('criteria/:id/versions')
  @RequireScopes('criteria:write')
  @ApiOperation({ operationId: 'criteria_createVersion' })
  createVersion(
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: CreateCriterionVersionDto,
  ): Promise<CriterionVersionDto> {
    return this.criteria.createVersion(id, dto);
  }

  @Get('criteria/:id/versions')
  @RequireScopes('criteria:read')
  @ApiOperation({ operationId: 'criteria_listVersions' })
  listVersions(@Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery): Promise<CriterionVersionPage> {
    return this.criteria.listVersions(id, query);
  }

  @Get('criterion-versions/:id')
  @OpenToVendors()
  @RequireScopes('criteria:read')
  @ApiOperation({ operationId: 'criterionVersions_get' })
  getVersion(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<CriterionVersionDto> {
    return this.criteria.getVersionFor(auth, id);
  }
}
