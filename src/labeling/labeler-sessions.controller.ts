import { Body, Controller, Delete, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentAuth, OpenToLabelers, OpenToVendors, RequireScopes, SecretAnswer, type AuthContext } from '#src/auth/auth.js';
import { PageQuery } from '#src/common/pagination.js';
import { CreatedLabelerSessionDto, CreateLabelerSessionDto, LabelerLinkPage, LabelerSessionDto } from './labeler-sessions.dto.js';
import { LabelerSessionsService } from './labeler-sessions.service.js';

@ApiTags('labeler-sessions')
@Controller()
@OpenToVendors()
export class LabelerSessionsController {
  constructor(private readonly sessions: LabelerSessionsService) {}

  /** Creates a short-lived token that is limited to one labeler's tasks. The token is shown only in this response. */
  @Post('labelers/:id/sessions')
  @SecretAnswer()
  @RequireScopes('ratings:write', 'tasks:work')
  @ApiOperation({ operationId: 'labelerSessions_create' })
  create(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: CreateLabelerSessionDto,
  ): Promise<CreatedLabelerSessionDto> {
    return this.sessions.create(auth, id, dto);
  }

  /** Links given to the labeler, including expired ones, latest first; without tokens. */
  @Get('labelers/:id/sessions')
  @RequireScopes('ratings:write', 'tasks:work')
  @ApiOperation({ operationId: 'labelerSessions_list' })
  list(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: PageQuery,
  ): Promise<LabelerLinkPage> {
    return this.sessions.list(auth, id, query);
  }

  /** Revokes a link. All processes refuse it within two seconds. Its leases expire, or the vendor releases them. */
  @Delete('labelers/:id/sessions/:sessionId')
  @HttpCode(204)
  @RequireScopes('ratings:write', 'tasks:work')
  @ApiOperation({ operationId: 'labelerSessions_revoke' })
  revoke(
    @CurrentAuth() auth: AuthContext,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('sessionId', ParseUUIDPipe) sessionId: string,
  ): Promise<void> {
    return this.sessions.revoke(auth, id, sessionId);
  }

  /** The labeler of the session and the batches open to them, with progress. */
  @Get('labeler-session')
  @OpenToLabelers()
  @RequireScopes('tasks:work')
  @ApiOperation({ operationId: 'labelerSessions_getCurrent' })
  current(@CurrentAuth() auth: AuthContext): Promise<LabelerSessionDto> {
    return this.sessions.current(auth);
  }
}
