import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentAuth, OpenToVendors, RequireScopes, type AuthContext } from '#src/auth/auth.js';
import { answerPosted, repeatedResponse } from '#src/common/posted.js';
import { CreateLabelerDto, LabelerDto, LabelerPage, LabelersQuery } from './labelers.dto.js';
import { LabelersService } from './labelers.service.js';

@ApiTags('labelers')
@Controller('labelers')
@OpenToVendors()
export class LabelersController {
  constructor(private readonly labelers: LabelersService) {}

  @Post()
  @RequireScopes('ratings:write')
  @ApiOperation({ operationId: 'labelers_create' })
  @ApiCreatedResponse({ type: LabelerDto })
  @ApiOkResponse({ type: LabelerDto, ...repeatedResponse })
  async create(@CurrentAuth() auth: AuthContext, @Body() dto: CreateLabelerDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<LabelerDto> {
    return answerPosted(reply, await this.labelers.create(auth, dto));
  }

  @Get()
  @RequireScopes('ratings:read')
  @ApiOperation({ operationId: 'labelers_list' })
  list(@CurrentAuth() auth: AuthContext, @Query() query: LabelersQuery): Promise<LabelerPage> {
    return this.labelers.list(auth, query);
  }

  @Get(':id')
  @RequireScopes('ratings:read')
  @ApiOperation({ operationId: 'labelers_get' })
  get(@CurrentAuth() auth: AuthContext, @Param('id', ParseUUIDPipe) id: string): Promise<LabelerDto> {
    return this.labelers.get(auth, id);
  }
}
