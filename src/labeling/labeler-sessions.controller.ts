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

  /** Makes a short-lived token that works on one labeler's tasks and nothing else; it is in this answer and nowhere else. */
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

  /** Links that the labeler was given, also those that are over, the latest first; without their tokens. */
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

  /** Ends a link; all processes refuse it within two seconds. What the labeler holds runs out, or is released by the vendor. */
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

  /** Who the session's labeler is, and the batches open to them with progress. */
  @Get('labeler-session')
  @OpenToLabelers()
  @RequireScopes('tasks:work')
  @ApiOperation({ operationId: 'labelerSessions_getCurrent' })
  current(@CurrentAuth() auth: AuthContext): Promise<LabelerSessionDto> {
    return this.sessions.current(auth);
  }
}
