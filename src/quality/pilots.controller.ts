import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { IntegerPipe } from '#src/common/parameters.pipe.js';
import { CurrentAuth, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import { CreatePilotDto, PilotDto, PilotPage, PilotReportDto } from './pilots.dto.js';
import { PilotsService } from './pilots.service.js';

@ApiTags('criteria')
@Controller()
export class PilotsController {
  constructor(private readonly pilots: PilotsService) {}

  /** Tests a draft with a labeling batch over the chosen completions, with several labelers per completion. */
  @Post('criteria/:id/versions/:number/pilots')
  @RequireScopes('criteria:write')
  @ApiOperation({ operationId: 'pilots_create' })
  create(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('number', IntegerPipe) number: number,
    @Body() dto: CreatePilotDto,
  ): Promise<PilotDto> {
    return this.pilots.create(id, number, dto);
  }

  @Get('criteria/:id/versions/:number/pilots')
  @RequireScopes('criteria:read')
  @ApiOperation({ operationId: 'pilots_list' })
  list(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('number', IntegerPipe) number: number,
    @Query() query: PageQuery,
  ): Promise<PilotPage> {
    return this.pilots.list(id, number, query);
  }

  /** Agreement so far by dimension and level of the scale, and the worst disagreements. */
  @Get('pilots/:id')
  @RequireScopes('criteria:read')
  @ApiOperation({ operationId: 'pilots_get' })
  get(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<PilotReportDto> {
    return this.pilots.report(auth, id);
  }
}
